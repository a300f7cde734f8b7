import ipaddr from 'ipaddr.js';

export type AddressKind = 'public' | 'private' | 'link-local';

const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an IP address is one that strangers may be reached at. Loopback, private, carrier-grade NAT, unique local,
 * multicast, reserved and translated ranges (IPv4 inside IPv6, NAT64, 6to4, Teredo) all count as private; anything that is
 * no address at all does too. Link-local is told apart, since cloud machines answer there with their secrets.
 */
export function addressKind(address: string): AddressKind {
  if (!ipaddr.isValid(address)) return 'private';
  const parsed = ipaddr.process(address);
  const range = parsed.range();
  if (range === 'linkLocal') return 'link-local';
  if (range !== 'unicast') return 'private';
  return parsed.kind() === 'ipv4' || parsed.match(globalUnicast) ? 'public' : 'private';
}
