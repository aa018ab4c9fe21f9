// Starts `belay lsp` of the workspace, and puts `belay lint` and `belay plan` behind two commands. It knows no format: the server does.
const { existsSync } = require('node:fs');
const path = require('node:path');
const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

const FILES = ['**/belay.yaml', '**/*.runbook.md', '**/templates/*.md'];
const isWindows = process.platform === 'win32';
let client;

async function activate(context) {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const options = { cwd: folder, shell: isWindows };
  client = new LanguageClient(
    'belay',
    'Belay',
    { command: commandIn(folder), args: ['lsp'], options },
    {
      documentSelector: FILES.map((pattern) => ({ scheme: 'file', pattern })),
      synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher('**/{belay.yaml,belay.lock,*.runbook.md,*.sql}') },
    },
  );
  context.subscriptions.push(
    vscode.commands.registerCommand('belay.lint', () => run(['lint'])),
    vscode.commands.registerCommand('belay.plan', () => {
      const id = runbookId(vscode.window.activeTextEditor?.document.getText() ?? '');
      if (id === null) return vscode.window.showInformationMessage('Open a runbook with an id first.');
      return run(['plan', id]);
    }),
  );
  await client.start();
}

function deactivate() {
  return client?.stop();
}

function commandIn(folder) {
  const chosen = vscode.workspace.getConfiguration('belay').get('command');
  if (chosen) return chosen;
  const own = folder && path.join(folder, 'node_modules', '.bin', isWindows ? 'belay.cmd' : 'belay');
  return own && existsSync(own) ? own : 'belay';
}

/** In the terminal, without a shell: what was typed in a file is never a command line. */
function run(args) {
  const file = vscode.window.activeTextEditor?.document.uri;
  const folder = file && vscode.workspace.getWorkspaceFolder(file);
  const scope = folder ?? vscode.workspace.workspaceFolders?.[0];
  if (!scope) return vscode.window.showInformationMessage('Open a folder first.');
  const cwd = file?.scheme === 'file' ? systemFolder(file.fsPath) : scope.uri.fsPath;
  const execution = new vscode.ProcessExecution(commandIn(scope.uri.fsPath), args, { cwd });
  return vscode.tasks.executeTask(new vscode.Task({ type: 'belay' }, scope, args.join(' '), 'belay', execution));
}

/** The folder of belay.yaml that a file belongs to. */
function systemFolder(file) {
  const folder = path.dirname(file);
  return /^(runbooks|templates)$/.test(path.basename(folder)) ? path.dirname(folder) : folder;
}

function runbookId(text) {
  const front = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1] ?? '';
  return /^id:\s*["']?([a-z][a-z0-9-]*)["']?\s*$/m.exec(front)?.[1] ?? null;
}

module.exports = { activate, deactivate };
