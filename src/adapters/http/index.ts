// The one place where a request leaves Belay.
export { createHttp } from './http.ts';
