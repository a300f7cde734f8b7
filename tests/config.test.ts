import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../src/config.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'dateline-config-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const secret = 'a secret that only tests ever use and nobody else';

describe('the configuration', () => {
  it('needs nothing on the embedded default, and makes a secret that only its owner can read', () => {
    const config = readConfig({ DATA_DIR: dataDir });
    expect(config).toMatchObject({
      baseUrl: 'http://localhost:3000',
      host: '127.0.0.1',
      relays: [],
      mxCheck: false,
    });
    const file = join(dataDir, 'secret.key');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const made = readFileSync(file, 'utf8');
    expect(readConfig({ DATA_DIR: dataDir }).keyring.signing.id).toBe(config.keyring.signing.id);
    expect(readFileSync(file, 'utf8')).toBe(made);
  });

  it('lets a command line win over the environment, and leaves it alone where the command line is silent', () => {
    const env = { DATA_DIR: dataDir, SMTP_CONNECTIONS: '3' };
    expect(readConfig(env, { SMTP_CONNECTIONS: undefined }).smtpConnections).toBe(3);
    expect(readConfig(env, { SMTP_CONNECTIONS: '7' }).smtpConnections).toBe(7);
  });

  it('says everything that is wrong at once', () => {
    const broken = {
      DATA_DIR: dataDir,
      PORT: 'many',
      LOG_LEVEL: 'loud',
      REDIS_URL: 'localhost',
      DATABASE_URL: 'nowhere',
      SECRET_KEY: 'short',
      SMTP_URL: 'relay',
      SMTP_RATE: '100/s,fast',
      DKIM_DOMAIN: 'example.org',
      DKIM_SELECTOR: 's1',
      DKIM_KEY_FILE: join(dataDir, 'no.pem'),
      TRUSTED_PROXIES: 'all',
    };
    try {
      readConfig(broken);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).problems.map((problem) => problem.split(' ')[0])).toEqual([
        'DATABASE_URL',
        'REDIS_URL',
        'PORT',
        'LOG_LEVEL',
        'SMTP_URL:',
        'SMTP_RATE',
        'DKIM_KEY_FILE:',
        'TRUSTED_PROXIES',
        'SECRET_KEY',
      ]);
      expect(readdirSync(dataDir)).toEqual([]);
    }
  });

  it('says which numbers and names can be', () => {
    const broken = {
      DATA_DIR: dataDir,
      SMTP_CONNECTIONS: '0',
      METRICS_PORT: '1.5',
      BOUNCE_DOMAIN: 'b..example',
    };
    expect(() => readConfig(broken)).toThrow(
      /BOUNCE_DOMAIN must be one domain name[\s\S]*METRICS_PORT must be a whole number from 0 to 65535[\s\S]*SMTP_CONNECTIONS must be a whole number from 1 to 200/,
    );
    expect(readConfig({ DATA_DIR: dataDir, BOUNCE_DOMAIN: 'B.News.example' }).bounceDomain).toBe(
      'b.news.example',
    );
  });

  it('refuses addresses that it could not use, and words that it does not know', () => {
    const broken = {
      DATA_DIR: dataDir,
      DNS_SERVERS: 'resolver',
      FETCH_ALLOW: 'cms.internal',
      MAINTENANCE: 'yes',
    };
    expect(() => readConfig(broken)).toThrow(
      /MAINTENANCE must be one of on, off[\s\S]*DNS_SERVERS has no address such as[^\n]*: resolver\n- FETCH_ALLOW has no host:port such as[^\n]*: cms\.internal$/,
    );
    const right = {
      DNS_SERVERS: '192.0.2.53, 192.0.2.53:5353, 2001:db8::53, [2001:db8::53]:53',
      FETCH_ALLOW: 'cms.internal:8080,127.0.0.1:80,[::1]:8080',
    };
    const { dnsServers, fetchAllow } = readConfig({ DATA_DIR: dataDir, ...right });
    expect([dnsServers.length, fetchAllow.length]).toEqual([4, 3]);
  });

  it('has no built-in secret outside the embedded default', () => {
    const url = 'postgres://dateline:pw@db/dateline';
    expect(() => readConfig({ DATABASE_URL: url })).toThrow(/SECRET_KEY is missing/);
    expect(() => readConfig({ DATABASE_URL: url, SECRET_KEY: 'short' })).toThrow(/32 characters/);
    expect(readConfig({ DATABASE_URL: url, SECRET_KEY: secret }).host).toBe('0.0.0.0');
  });

  it('wants https once mail leaves the machine', () => {
    const relay = { DATA_DIR: dataDir, SMTP_URL: 'smtp://relay.example.org:587' };
    expect(() => readConfig(relay)).toThrow(/BASE_URL must be https/);
    expect(readConfig({ ...relay, BASE_URL: 'https://news.example.org/' }).baseUrl).toBe(
      'https://news.example.org',
    );
  });

  it('reads what all relays together may begin', () => {
    expect(readConfig({ DATA_DIR: dataDir, SMTP_RATE: '200/s, 1000000/d' }).smtpRates).toEqual([
      { count: 200, per: 'second' },
      { count: 1_000_000, per: 'day' },
    ]);
    expect(readConfig({ DATA_DIR: dataDir }).smtpRates).toEqual([]);
  });

  it('never repeats a password of the relay', () => {
    try {
      readConfig({ DATA_DIR: dataDir, SMTP_URL: 'smtp://user:pa ss%@relay:99999' });
      expect.unreachable();
    } catch (error) {
      expect(String(error)).toContain('SMTP_URL');
      expect(String(error)).not.toContain('pa ss');
    }
  });
});
