// Railway's GraphQL API as far as Belay uses it: our own subset of its published schema.
export const RAILWAY_SDL = `
type Query {
  deployments(after: String, before: String, first: Int, input: DeploymentListInput!, last: Int): QueryDeploymentsConnection!
  serviceInstance(environmentId: String!, serviceId: String!): ServiceInstance!
  serviceInstanceAutoDeployStatus(environmentId: String!, projectId: String!, serviceId: String!): ServiceInstanceAutoDeployStatus!
}
type Mutation {
  deploymentRollback(id: String!): Boolean!
  deploymentCancel(id: String!): Boolean!
  deploymentRedeploy(id: String!, usePreviousImageTag: Boolean): Deployment!
  deploymentRestart(id: String!): Boolean!
  deploymentStop(id: String!): Boolean!
  serviceInstanceAutoDeployUpdate(input: ServiceInstanceAutoDeployUpdateInput!): ServiceInstanceAutoDeployUpdateResult!
}
input DeploymentListInput {
  environmentId: String
  includeDeleted: Boolean
  projectId: String
  serviceId: String
}
input ServiceInstanceAutoDeployUpdateInput {
  enabled: Boolean!
  environmentId: String!
  projectId: String!
  serviceId: String!
}
type ServiceInstanceAutoDeployUpdateResult { enabled: Boolean! }
type ServiceInstanceAutoDeployStatus { canEnable: Boolean! enabled: Boolean! reason: String }
type ServiceInstance { activeDeployments: [Deployment!]! id: ID! numReplicas: Int }
type QueryDeploymentsConnection { edges: [QueryDeploymentsConnectionEdge!]! }
type QueryDeploymentsConnectionEdge { cursor: String! node: Deployment! }
scalar DateTime
scalar DeploymentMeta
type Deployment {
  canRollback: Boolean!
  createdAt: DateTime!
  deploymentStopped: Boolean!
  id: ID!
  instances: [DeploymentDeploymentInstance!]!
  meta: DeploymentMeta
  status: DeploymentStatus!
  statusUpdatedAt: DateTime
}
type DeploymentDeploymentInstance { id: String! status: DeploymentInstanceStatus! }
enum DeploymentInstanceStatus { CRASHED CREATED EXITED INITIALIZING REMOVED REMOVING RESTARTING RUNNING SKIPPED STOPPED }
enum DeploymentStatus {
  BUILDING CRASHED DEPLOYING FAILED INITIALIZING NEEDS_APPROVAL QUEUED REMOVED REMOVING SKIPPED SLEEPING SUCCESS WAITING
}
`;
