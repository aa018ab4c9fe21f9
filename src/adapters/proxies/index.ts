// Proxies in front of flows and releases: HAProxy and Caddy, as switches of organizations and as what shares requests between two releases. One
// folder, because both are asked in one way for either purpose.
export { createCaddySwitch } from './caddy-switch.ts';
export { createCaddyTraffic } from './caddy-traffic.ts';
export { createHaproxyMap } from './haproxy-map.ts';
export { createHaproxyTraffic } from './haproxy-traffic.ts';
