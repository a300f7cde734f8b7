import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Whether the address is one of our own proxies. */
export type Trust = (address: Address) => boolean;

/** Reads `TRUSTED_PROXIES`: addresses and CIDR ranges. @throws Error for a text that is neither. */
export function trustProxies(ranges: readonly string[]): Trust {
  const known = ranges.map((range): [Address, number] => {
    if (range.includes('/')) return ipaddr.parseCIDR(range);
    const one = ipaddr.process(range);
    return [one, one.kind() === 'ipv4' ? 32 : 128];
  });
  return (address) =>
    known.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
}

/**
 * Who is asking: the peer of the socket, unless that is a trusted proxy, then the right-most address in `X-Forwarded-For`
 * that is not one. What stands further left may be anybody's invention.
 *
 * @returns the address in its shortest form, IPv4 also when mapped into IPv6; `unknown` when the peer has none.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trust: Trust,
): string {
  let client = parse(peer);
  if (!client) return 'unknown';
  for (const hop of (forwardedFor ?? '').split(',').reverse()) {
    if (!trust(client)) break;
    const address = parse(withoutPort(hop.trim()));
    if (!address) break;
    client = address;
  }
  return client.toString();
}

/** The network as it may be kept with a consent: /24 of IPv4, /48 of IPv6. */
export function ipNet(address: string): string | undefined {
  if (isIPv4(address)) return `${address.slice(0, address.lastIndexOf('.'))}.0/24`;
  return networkOf(address, { ipv4: 24, ipv6: 48 });
}

/** The network that limits count as one: an IPv4 address, or the /64 that one household holds of IPv6. */
export function limitNet(address: string): string {
  if (isIPv4(address)) return `${address}/32`;
  return networkOf(address, { ipv4: 32, ipv6: 64 }) ?? 'unknown';
}

/** Whether an address lies in a range like `203.0.113.0/24`. */
export function liesIn(address: string, range: string): boolean {
  const parsed = parse(address);
  return parsed !== undefined && trustProxies([range])(parsed);
}

function networkOf(address: string, bits: { ipv4: number; ipv6: number }): string | undefined {
  const parsed = parse(address);
  if (!parsed) return undefined;
  const width = bits[parsed.kind()];
  const family = parsed.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6;
  return `${family.networkAddressFromCIDR(`${parsed.toString()}/${width}`).toString()}/${width}`;
}

function parse(text: string | undefined): Address | undefined {
  if (!text || !ipaddr.isValid(text)) return undefined;
  const parsed = ipaddr.process(text);
  // A zone (`fe80::1%eth0`) belongs to this machine, not to the client.
  if (parsed.kind() === 'ipv6') (parsed as ipaddr.IPv6).zoneId = '';
  return parsed;
}

/** Proxies also write `203.0.113.9:4711` and `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;
}
