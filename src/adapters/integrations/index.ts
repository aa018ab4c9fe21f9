// Services of others that runbooks act on: workflows, messaging, and the desk where conversations are answered.
export { createChatwoot } from './chatwoot.ts';
export { createEvolution } from './evolution.ts';
export { createN8n } from './n8n.ts';
export { createN8nSwitch } from './n8n-switch.ts';
export { createZApi } from './z-api.ts';
