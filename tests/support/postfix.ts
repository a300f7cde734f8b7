import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseRelayUrl, type Relay } from '../../src/platform/mail/relay.ts';
import { freePort } from './free-port.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? [] : ['sudo', '-n'];

/** A private Postfix can be started: it is installed, and we are root or may become it. */
export const hasPostfix = existsSync('/usr/sbin/postfix') && (isRoot || maySudo());

export interface Postfix {
  relay: Relay;
  /** Each mail of a mailbox as it was stored, with LF line ends. */
  mailbox(name: string): Promise<Buffer[]>;
  stop(): Promise<void>;
}

/**
 * A real Postfix with a configuration, a queue and a port of its own, which the machine's own one knows nothing of. It stores
 * mail for ayu, budi and ayü at example.com, knows nobody else there, and bounces whatever it took for other domains.
 */
export async function startPostfix(messageBytesMax: number): Promise<Postfix> {
  const dir = await mkdtemp(join(tmpdir(), 'postfix-'));
  const port = await freePort();
  const etc = join(dir, 'etc');
  for (const name of ['etc', 'queue', 'data', 'mail']) await mkdir(join(dir, name));
  await chmod(dir, 0o755);
  const { uid, gid } = isRoot
    ? await nobody()
    : { uid: String(process.getuid?.()), gid: String(process.getgid?.()) };
  await writeFile(join(etc, 'main.cf'), mainCf(dir, { uid, gid, messageBytesMax }));
  await writeFile(join(etc, 'master.cf'), masterCf(port));
  await sudo('chown', '-R', 'root:root', etc, join(dir, 'queue'));
  await sudo('chown', 'postfix', join(dir, 'data'));
  await sudo('chown', `${uid}:${gid}`, join(dir, 'mail'));
  await sudo('/usr/sbin/postfix', '-c', etc, 'start').catch(async (error) => {
    throw new Error(`Postfix did not start: ${await readFile(join(dir, 'log'), 'utf8').catch(() => error)}`);
  });
  return {
    relay: parseRelayUrl(`smtp://127.0.0.1:${port}`),
    async mailbox(name) {
      const folder = join(dir, 'mail', name, 'new');
      const files = await readdir(folder).catch(() => []);
      return Promise.all(files.map((file) => readFile(join(folder, file))));
    },
    async stop() {
      await sudo('/usr/sbin/postfix', '-c', etc, 'stop');
      if (isRoot) await rm(dir, { recursive: true, force: true });
      else await sudo('rm', '-rf', dir);
    },
  };
}

function mainCf(dir: string, own: { uid: string; gid: string; messageBytesMax: number }): string {
  return `
compatibility_level = 3.6
config_directory = ${dir}/etc
queue_directory = ${dir}/queue
data_directory = ${dir}/data
maillog_file = ${dir}/log
maillog_file_prefixes = ${dir}
myhostname = postfix.test
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
disable_dns_lookups = yes
message_size_limit = ${own.messageBytesMax}
virtual_mailbox_limit = 0
virtual_mailbox_domains = example.com
virtual_mailbox_base = ${dir}/mail
virtual_mailbox_maps = inline:{{ayu@example.com=ayu/},{budi@example.com=budi/},{ayü@example.com=ayu-utf8/}}
virtual_uid_maps = static:${own.uid}
virtual_gid_maps = static:${own.gid}
default_transport = fails
`;
}

function masterCf(port: number): string {
  return `
127.0.0.1:${port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
virtual unix - n n - - virtual
fails unix - n n - - pipe user=nobody argv=/bin/false
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
`;
}

async function nobody(): Promise<{ uid: string; gid: string }> {
  const id = async (flag: string) => (await run('id', [flag, 'nobody'])).stdout.trim();
  return { uid: await id('-u'), gid: await id('-g') };
}

async function sudo(...words: string[]): Promise<void> {
  const [command = '', ...rest] = [...asRoot, ...words];
  await run(command, rest);
}

function maySudo(): boolean {
  try {
    execFileSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
