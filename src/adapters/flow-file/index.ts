// Which flow an organization uses, kept in one JSON file that the service reads.
export { createFlowFile } from './flow-file.ts';
