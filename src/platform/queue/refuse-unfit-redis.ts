/**
 * Throws a sentence that says what to do when a Redis is too old or would evict keys. Takes the sections `server` and
 * `memory` of INFO, since managed Redis forbids CONFIG. Valkey reports the Redis version that it is true to.
 */
export function refuseUnfitRedis(server: string, memory: string): void {
  const version = field(server, 'redis_version') ?? '0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 6 || (major === 6 && minor < 2)) {
    throw new Error(`Redis 6.2 or newer is needed; this server is ${version}`);
  }
  const policy = field(memory, 'maxmemory_policy');
  if (policy === undefined || policy === 'noeviction') return;
  throw new Error(
    `this Redis evicts keys when its memory is full (maxmemory-policy is ${policy}), and jobs would vanish: ` +
      'set maxmemory-policy to noeviction',
  );
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1];
}
