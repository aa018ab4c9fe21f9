// Railway's GraphQL API as far as Belay uses it: our own subset of its published schema.
export const RAILWAY_SDL = `
type Query {
  deployments(after: String, before: String, first: Int, input: DeploymentListInput!, last: Int): QueryDeploymentsConnection!
  serviceInstance(environmentId: String!, serviceId: String!): ServiceInstance!
  serviceInstanceAutoDeployStatus(environmentId: String!, projectId: String!, serviceId: String!): ServiceInstanceAutoDeployStatus!
  project(id: String!): Project!
  service(id: String!): Service!
  environment(id: String!, projectId: String): Environment!
  variables(environmentId: String!, projectId: String!, serviceId: String, unrendered: Boolean): EnvironmentVariables!
  tcpProxies(environmentId: String!, serviceId: String!): [TCPProxy!]!
  serviceInstanceLimitOverride(environmentId: String!, serviceId: String!): ServiceInstanceLimit
}
type Mutation {
  deploymentRollback(id: String!): Boolean!
  deploymentCancel(id: String!): Boolean!
  deploymentRedeploy(id: String!, usePreviousImageTag: Boolean): Deployment!
  deploymentRestart(id: String!): Boolean!
  deploymentStop(id: String!): Boolean!
  serviceInstanceAutoDeployUpdate(input: ServiceInstanceAutoDeployUpdateInput!): ServiceInstanceAutoDeployUpdateResult!
  serviceInstanceDeployV2(commitSha: String, environmentId: String!, serviceId: String!): String!
  serviceCreate(input: ServiceCreateInput!): Service!
  serviceDelete(environmentId: String, id: String!): Boolean!
  serviceConnect(id: String!, input: ServiceConnectInput!): Service!
  serviceDomainCreate(input: ServiceDomainCreateInput!): ServiceDomain!
  serviceInstanceUpdate(environmentId: String, input: ServiceInstanceUpdateInput!, serviceId: String!): Boolean!
  serviceInstanceLimitsUpdate(input: ServiceInstanceLimitsUpdateInput!): Boolean!
  variableCollectionUpsert(input: VariableCollectionUpsertInput!): Boolean!
}
input ServiceCreateInput {
  branch: String
  environmentId: String
  name: String
  projectId: String!
  source: ServiceSourceInput
  variables: EnvironmentVariables
}
input ServiceSourceInput { image: String repo: String }
input ServiceConnectInput { branch: String image: String repo: String }
input ServiceDomainCreateInput { environmentId: String! serviceId: String! targetPort: Int }
input ServiceInstanceLimitsUpdateInput { environmentId: String! memoryGB: Float serviceId: String! vCPUs: Float }
input ServiceInstanceUpdateInput {
  buildCommand: String
  builder: Builder
  cronSchedule: String
  dockerfilePath: String
  healthcheckPath: String
  healthcheckTimeout: Int
  multiRegionConfig: JSON
  numReplicas: Int
  preDeployCommand: [String!]
  railwayConfigFile: String
  region: String
  restartPolicyMaxRetries: Int
  restartPolicyType: RestartPolicyType
  rootDirectory: String
  sleepApplication: Boolean
  startCommand: String
  watchPatterns: [String!]
}
input VariableCollectionUpsertInput {
  environmentId: String!
  projectId: String!
  replace: Boolean = false
  serviceId: String
  skipDeploys: Boolean = false
  variables: EnvironmentVariables!
}
scalar EnvironmentVariables
scalar JSON
scalar ServiceInstanceLimit
enum Builder { HEROKU NIXPACKS PAKETO RAILPACK }
enum RestartPolicyType { ALWAYS NEVER ON_FAILURE }
type Project { id: ID! services: ServicesConnection! }
type PageInfo { endCursor: String hasNextPage: Boolean! }
type TCPProxy { applicationPort: Int! domain: String! id: ID! proxyPort: Int! }
type ServicesConnection { edges: [ServicesEdge!]! pageInfo: PageInfo! }
type ServicesEdge { node: Service! }
type Service { deletedAt: DateTime id: ID! name: String! repoTriggers: TriggersConnection! serviceInstances: InstancesConnection! }
type TriggersConnection { edges: [TriggersEdge!]! pageInfo: PageInfo! }
type TriggersEdge { node: DeploymentTrigger! }
type DeploymentTrigger { branch: String! environmentId: String! repository: String! }
type InstancesConnection { edges: [InstancesEdge!]! pageInfo: PageInfo! }
type InstancesEdge { node: ServiceInstance! }
type Environment { id: ID! volumeInstances: VolumesConnection! }
type VolumesConnection { edges: [VolumesEdge!]! pageInfo: PageInfo! }
type VolumesEdge { node: VolumeInstance! }
type VolumeInstance { mountPath: String! serviceId: String }
type ServiceSource { image: String repo: String }
type AllDomains { customDomains: [CustomDomain!]! serviceDomains: [ServiceDomain!]! }
type CustomDomain { domain: String! }
type ServiceDomain { domain: String! }
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
type ServiceInstance {
  activeDeployments: [Deployment!]!
  buildCommand: String
  builder: Builder!
  cronSchedule: String
  dockerfilePath: String
  domains: AllDomains!
  environmentId: String!
  healthcheckPath: String
  healthcheckTimeout: Int
  id: ID!
  latestDeployment: Deployment
  numReplicas: Int
  preDeployCommand: JSON
  railwayConfigFile: String
  region: String
  restartPolicyMaxRetries: Int!
  restartPolicyType: RestartPolicyType!
  rootDirectory: String
  sleepApplication: Boolean
  source: ServiceSource
  startCommand: String
  watchPatterns: [String!]!
}
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
