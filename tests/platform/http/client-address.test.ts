import { describe, expect, it } from 'vitest';
import { agentFamily } from '../../../src/platform/http/agent-family.ts';
import { clientAddress, ipNet, limitNet, trustProxies } from '../../../src/platform/http/client-address.ts';
import { redactPath } from '../../../src/platform/http/redact-path.ts';

const none = trustProxies([]);
const ours = trustProxies(['10.0.0.0/8', '2001:db8:ffff::/48', '192.0.2.7']);

describe('the client address', () => {
  it('is the peer, whatever a stranger forwards', () => {
    expect(clientAddress('203.0.113.9', '198.51.100.1', none)).toBe('203.0.113.9');
    expect(clientAddress('203.0.113.9', '198.51.100.1', ours)).toBe('203.0.113.9');
    expect(clientAddress('::ffff:203.0.113.9', undefined, ours)).toBe('203.0.113.9');
  });

  it('is the right-most address that is no proxy of ours', () => {
    expect(clientAddress('10.0.0.1', '6.6.6.6, 203.0.113.9', ours)).toBe('203.0.113.9');
    expect(clientAddress('10.0.0.1', '6.6.6.6, 203.0.113.9, 192.0.2.7,10.9.9.9', ours)).toBe('203.0.113.9');
    expect(clientAddress('2001:db8:ffff::1', '[2001:db8::5]:4711', ours)).toBe('2001:db8::5');
    expect(clientAddress('10.0.0.1', '203.0.113.9:4711', ours)).toBe('203.0.113.9');
  });

  it('stops where the chain cannot be read', () => {
    expect(clientAddress('10.0.0.1', undefined, ours)).toBe('10.0.0.1');
    expect(clientAddress('10.0.0.1', '203.0.113.9, unknown', ours)).toBe('10.0.0.1');
    expect(clientAddress('10.0.0.1', '10.0.0.2, 10.0.0.3', ours)).toBe('10.0.0.2');
    expect(clientAddress(undefined, '203.0.113.9', ours)).toBe('unknown');
    expect(clientAddress('', ',,', ours)).toBe('unknown');
  });

  it('is kept only as its network, and limited by what one household has', () => {
    expect(ipNet('203.0.113.9')).toBe('203.0.113.0/24');
    expect(ipNet('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1::/48');
    expect(ipNet('unknown')).toBeUndefined();
    expect(limitNet('203.0.113.9')).toBe('203.0.113.9/32');
    expect(limitNet('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(limitNet('unknown')).toBe('unknown');
  });
});

describe('what may be noted of a request', () => {
  it('is the family of the browser, not its version', () => {
    const chrome =
      'Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36';
    expect(agentFamily(chrome)).toBe('Chrome');
    expect(agentFamily(`${chrome} Edg/141.0`)).toBe('Edge');
    expect(agentFamily('Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0')).toBe('Firefox');
    expect(agentFamily('Mozilla/5.0 (Macintosh) AppleWebKit/605 Version/18 Safari/605')).toBe('Safari');
    expect(agentFamily('Mozilla/5.0 (compatible; Googlebot/2.1)')).toBe('bot');
    expect(agentFamily('curl/8.5')).toBe('curl');
    expect(agentFamily('something')).toBe('other');
    expect(agentFamily(undefined)).toBeUndefined();
  });

  it('is a path without tokens and addresses', () => {
    expect(redactPath('/u/abc.def.ghi')).toBe('/u/…');
    expect(redactPath('/m/abc/save')).toBe('/m/…/save');
    expect(redactPath('/confirmed/abc')).toBe('/confirmed/…');
    expect(redactPath('//confirm//abc')).not.toContain('abc');
    expect(redactPath('/Confirm/abc')).not.toContain('abc');
    expect(redactPath('/confirm%2Fabc')).not.toContain('abc');
    expect(redactPath('%2fu%2Fabc/')).not.toContain('abc');
    expect(redactPath('/v1/subscribers/rina%2540example.com')).toBe('/v1/subscribers/…');
    expect(redactPath('/v1/subscribers/rina@example.com/timeline')).toBe('/v1/subscribers/…/timeline');
    expect(redactPath('/v1/subscribers/rina%40example.com')).toBe('/v1/subscribers/…');
    expect(redactPath(`/${'x'.repeat(65)}`)).toBe('/…');
    expect(redactPath('/s/inside-washington/sent')).toBe('/s/inside-washington/sent');
    expect(redactPath('/m')).toBe('/m');
  });
});
