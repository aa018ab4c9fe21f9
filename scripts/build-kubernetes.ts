// Owns having a control plane of Kubernetes once a machine: Debian's source package of it, compiled with Debian's Go, and Debian's etcd, all in
// one folder; nothing is installed. Refuses to start it, and to take a package that no signed list vouches for.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { folderOf, isBuilt, KUBERNETES } from './heavy-parts.ts';

const TOOLS = ['golang-1.19-go', 'golang-1.19-src', 'etcd-server'];
const LONGEST_MS = 90 * 60_000;
const MODULE = 'k8s.io/kubernetes';
const API_MARK = '+k8s:openapi-gen=';
const NO_API = ['code-generator', 'sample-apiserver', 'kube-openapi'];
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';
const SIGNED = ['-o', 'APT::Get::AllowUnauthenticated=false', '-o', 'Acquire::AllowInsecureRepositories=false'];

/** Null when it is there, else why it cannot be had. */
export function buildKubernetes(): string | null {
  if (isBuilt(KUBERNETES)) return null;
  const missing = ['/usr/bin/apt-get', '/usr/bin/dpkg-source', '/usr/bin/dpkg'].find((one) => !existsSync(one));
  if (missing !== undefined) return `there is no ${missing} (Debian: dpkg-dev)`;
  const folder = folderOf(KUBERNETES);
  mkdirSync(folder, { recursive: true });
  try {
    unpackTools(folder);
    unpackSource(folder);
    compile(folder);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return error.message;
  }
  return isBuilt(KUBERNETES) ? null : 'it was compiled, and is not there';
}

class StepFailed extends Error {}

function run(cwd: string, argv: readonly [string, ...string[]], env: NodeJS.ProcessEnv = process.env): string {
  const [program, ...args] = argv;
  const done = spawnSync(program, args, { cwd, env, encoding: 'utf8', timeout: LONGEST_MS, maxBuffer: 64 * 1024 * 1024 });
  if (done.status === 0) return done.stdout;
  throw new StepFailed(
    `${path.basename(program)} ${args.at(-1) ?? ''} failed: ${(done.stderr ?? '').trim().split('\n').at(-1) ?? done.signal}`,
  );
}

function unpackTools(folder: string): void {
  const tools = path.join(folder, 'tools');
  if (existsSync(path.join(tools, 'usr/lib/go-1.19/bin/go')) && existsSync(path.join(tools, 'usr/bin/etcd'))) return;
  const packages = path.join(folder, 'packages');
  mkdirSync(packages, { recursive: true });
  run(packages, ['apt-get', 'download', '-qq', ...SIGNED, '-o', 'APT::Sandbox::User=root', ...TOOLS]);
  for (const one of readdirSync(packages).filter((name) => name.endsWith('.deb'))) run(packages, ['dpkg', '-x', one, tools]);
  rmSync(packages, { recursive: true });
}

const sourceIn = (folder: string): string => path.join(folder, 'gopath/src', MODULE);

/** From the places that this machine's apt already trusts, with lists of its own beside them. */
function unpackSource(folder: string): void {
  if (existsSync(sourceIn(folder))) return;
  const apt = path.join(folder, 'apt');
  mkdirSync(path.join(apt, 'lists/partial'), { recursive: true });
  writeFileSync(path.join(apt, 'sources.list'), sourcesOf(run(folder, ['apt-get', 'indextargets', 'Created-By: Packages'])).join('\n'));
  const places = [`Dir::Etc::sourcelist=${apt}/sources.list`, 'Dir::Etc::sourceparts=-', `Dir::State::Lists=${apt}/lists`];
  const options = [...SIGNED, ...[...places, 'APT::Sandbox::User=root'].flatMap((one) => ['-o', one])];
  run(apt, ['apt-get', ...options, '-qq', 'update']);
  run(apt, ['apt-get', ...options, '-qq', '--download-only', 'source', 'kubernetes']);
  const description = readdirSync(apt).find((name) => name.endsWith('.dsc'));
  if (description === undefined) throw new StepFailed('apt-get brought no source package of kubernetes');
  if (!description.includes(KUBERNETES.version)) throw new StepFailed(`this Debian has ${description}, not ${KUBERNETES.version}`);
  run(apt, ['dpkg-source', '-x', description, 'source']);
  mkdirSync(path.dirname(sourceIn(folder)), { recursive: true });
  renameSync(path.join(apt, 'source'), sourceIn(folder));
  rmSync(apt, { recursive: true });
}

/** Where Debian's packages come from here, asked for their sources. */
function sourcesOf(targets: string): readonly string[] {
  const fields = targets.split('\n\n').map((block) => new Map(block.split('\n').map((line) => line.split(': ', 2) as [string, string])));
  const keys = existsSync(KEYS) ? `[signed-by=${KEYS}] ` : '';
  const lines = fields
    .filter((one) => one.get('Origin') === 'Debian')
    .map((one) => `deb-src ${keys}${one.get('Repo-URI')} ${one.get('Release')} ${one.get('Component')}`);
  return [...new Set(lines)];
}

/** As its makers build it without a network, in the old way of Go that needs no module. */
function compile(folder: string): void {
  const [source, bin] = [sourceIn(folder), path.join(folder, 'bin')];
  const goRoot = path.join(folder, 'tools/usr/lib/go-1.19');
  const env = {
    ...{
      PATH: process.env['PATH'],
      HOME: folder,
      GOROOT: goRoot,
      GOPATH: path.join(folder, 'gopath'),
      GOCACHE: path.join(folder, 'cache'),
    },
    ...{ GO111MODULE: 'off', CGO_ENABLED: '0' },
  };
  const version = 'k8s.io/kubernetes/vendor/k8s.io/component-base/version';
  const named = [`${version}.gitVersion=v${KUBERNETES.version}`, `${version}.gitMajor=1`, `${version}.gitMinor=20`].map(
    (one) => `-X ${one}`,
  );
  const build = (what: string, ...flags: readonly string[]) => {
    // Built beside its place, so that half a program is never taken for one.
    const file = path.join(bin, path.basename(what));
    run(source, [path.join(goRoot, 'bin/go'), 'build', ...flags, '-o', `${file}.new`, what], env);
    renameSync(`${file}.new`, file);
  };
  mkdirSync(bin, { recursive: true });
  build('./vendor/k8s.io/kube-openapi/cmd/openapi-gen');
  const packages = marked(source, path.join('vendor', 'k8s.io')).map((one) => `${MODULE}/${one}`);
  const into = ['-p', `${MODULE}/pkg/generated/openapi`, '-O', 'zz_generated.openapi', '-r', path.join(folder, 'violations.report')];
  const header = ['-h', 'vendor/k8s.io/code-generator/hack/boilerplate.go.txt'];
  run(source, [path.join(bin, 'openapi-gen'), ...header, ...into, '-i', packages.join(',')], env);
  for (const one of ['./cmd/kube-apiserver', './cmd/kube-controller-manager']) build(one, '-ldflags', ['-s', '-w', ...named].join(' '));
  rmSync(path.join(folder, 'cache'), { recursive: true, force: true });
}

/** Packages whose types are described: a comment in one of their files says so. */
function marked(source: string, below: string): readonly string[] {
  const found = new Set<string>();
  const look = (folder: string): void => {
    for (const name of readdirSync(path.join(source, folder))) {
      const inside = path.join(folder, name);
      // Folders of vendor are links to others of the same source.
      if (statSync(path.join(source, inside)).isDirectory()) look(inside);
      else if (isCode(name) && readFileSync(path.join(source, inside), 'utf8').includes(API_MARK)) found.add(folder);
    }
  };
  look(below);
  return [...found].filter((one) => !NO_API.some((word) => one.includes(word))).toSorted();
}

const isCode = (name: string): boolean => name.endsWith('.go') && !name.startsWith('zz_generated') && !name.endsWith('_test.go');
