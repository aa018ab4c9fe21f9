// The Docker Engine: its containers as a source of signals, as targets of deploys a plain container or a service of a Swarm, and each of these,
// and a service of Compose, as something that runs.
export { createComposeService } from './compose-service.ts';
export { createContainerService } from './container-service.ts';
export { createDockerContainer } from './container-target.ts';
export { containerLines } from './log-lines.ts';
export { createDockerReader, type DockerSpec } from './reader.ts';
export { createDockerService } from './service-target.ts';
export { createSwarmService } from './swarm-service.ts';
