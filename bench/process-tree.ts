// Measures a tree of processes from /proc: memory as the sum of proportional set sizes, so that shared pages count once. Linux only.
import { readdirSync, readFileSync } from 'node:fs';

/** The process and all its descendants. */
export function treeOf(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = Number(/^\d+ \(.*\) \S (\d+)/s.exec(read(`/proc/${name}/stat`))?.[1] ?? -1);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree: number[] = [];
  const visit = (pid: number): void => {
    tree.push(pid);
    (children.get(pid) ?? []).forEach(visit);
  };
  visit(root);
  return tree;
}

/** CPU since they began, ms, with that of their children that have ended; /proc counts it in hundredths of a second. */
export function cpuMs(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const stat = read(`/proc/${pid}/stat`);
    // The name in parentheses may hold spaces; user and system time are the 12th and 13th field behind it, the children's follow.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  });
  return ticks.reduce((sum, one) => sum + one, 0) * 10;
}

/** Of the processes and all their descendants. */
export function memoryMiB(...roots: readonly number[]): number {
  const kiB = [...new Set(roots.flatMap(treeOf))].map((pid) => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0));
  return kiB.reduce((sum, one) => sum + one, 0) / 1024;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The process ended meanwhile: it holds no memory.
    return '';
  }
}
