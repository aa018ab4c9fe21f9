// Which addresses a request may reach. Public ones always; private and loopback ones only when the configuration names them;
// link-local and metadata addresses never. It knows no socket: names are resolved elsewhere.
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Where clouds hand out credentials, outside the link-local ranges. */
const METADATA = ['100.100.100.200', '168.63.129.16', 'fd00:ec2::254'];
const METADATA_NAMES = ['metadata.google.internal', 'metadata.goog', 'instance-data', 'metadata'];
/** Not a place that a service of the user's can be at, whatever the configuration says. */
const NEVER = new Set(['linkLocal', 'unspecified', 'multicast', 'broadcast']);

export interface AllowList {
  readonly names: ReadonlySet<string>;
  readonly ranges: readonly (readonly [Address, number])[];
}

/** Entries are host names, addresses, or ranges (`10.2.0.0/16`). */
export function readAllowList(entries: readonly string[]): AllowList {
  const names = new Set<string>();
  const ranges: (readonly [Address, number])[] = [];
  for (const entry of entries.map(plainHost)) {
    if (ipaddr.isValidCIDR(entry)) ranges.push(ipaddr.parseCIDR(entry));
    else if (ipaddr.isValid(entry)) ranges.push(wholeAddress(plainAddress(ipaddr.parse(entry))));
    else names.add(entry);
  }
  return { names, ranges };
}

const wholeAddress = (address: Address): readonly [Address, number] => [address, address.kind() === 'ipv4' ? 32 : 128];

/** Lower case, without brackets and without the root's dot. */
export function plainHost(host: string): string {
  return host
    .trim()
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}

export function isLiteral(host: string): boolean {
  return ipaddr.isValid(plainHost(host));
}

export const NEVER_REACHED = 'that address is never reached (link-local, metadata or no host at all)';

/** Known without asking a resolver. */
export function isMetadataName(host: string): boolean {
  return METADATA_NAMES.includes(plainHost(host));
}

/** Why a request to `host`, which stands at `ip`, is refused; null when it may go. */
export function refusal(host: string, ip: string, allow: AllowList): string | null {
  const name = plainHost(host);
  const address = plainAddress(ipaddr.parse(ip));
  const inner = embedded(address);
  if (isMetadataName(name) || isNever(address) || (inner !== null && isNever(inner))) return NEVER_REACHED;
  if (address.range() === 'unicast' && (inner === null || inner.range() === 'unicast')) return null;
  if (allow.names.has(name) || allow.ranges.some(([range, bits]) => range.kind() === address.kind() && address.match(range as never, bits)))
    return null;
  return `that address is ${address.range() === 'loopback' ? 'this machine' : 'not public'}`;
}

function isNever(address: Address): boolean {
  return NEVER.has(address.range()) || METADATA.includes(address.toString());
}

/** ::ffff:127.0.0.1 is 127.0.0.1 to every kernel. */
function plainAddress(address: Address): Address {
  return address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress() ? (address as ipaddr.IPv6).toIPv4Address() : address;
}

/** The IPv4 address that a translator or tunnel would carry the packet to (NAT64, 6to4, IPv4-compatible). */
function embedded(address: Address): Address | null {
  if (address.kind() !== 'ipv6') return null;
  const bytes = address.toByteArray();
  const four = (from: number): Address => new ipaddr.IPv4(bytes.slice(from, from + 4));
  if (address.range() === 'rfc6052' || (bytes.slice(0, 12).every((byte) => byte === 0) && bytes[12] !== 0)) return four(12);
  if (address.range() === '6to4') return four(2);
  return null;
}
