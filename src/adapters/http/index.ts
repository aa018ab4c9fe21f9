// The one place where a request, or a connection of a probe, leaves Belay.
export { createHttp } from './http.ts';
export { createNet } from './net.ts';
