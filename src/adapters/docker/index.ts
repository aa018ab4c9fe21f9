// The Docker Engine: its containers as a source of signals, and as targets of deploys a plain container or a service of a Swarm.
export { createDockerContainer } from './container-target.ts';
export { createDockerReader, type DockerSpec } from './reader.ts';
export { createDockerService } from './service-target.ts';
