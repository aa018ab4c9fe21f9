// Who sent it: the labels of a resource, and what keeps the series of two processes apart. It knows no metric.
import { labelText, markOf } from './labels.ts';
import { attributes, type Fields, fields, type Labels, labelName, text } from './otlp-value.ts';

const TOLD = ['service.name', 'deployment.environment', 'service.version'];
/** Since the conventions 1.27 the environment has a longer name. */
const ENVIRONMENT = 'deployment.environment.name';
const INSTANCE = 'service.instance.id';
/** Any of them tells one process from another. */
const TELLING = [INSTANCE, 'process.pid', 'host.name', 'host.id', 'container.id', 'k8s.pod.name', 'k8s.pod.uid', 'faas.instance'];

export interface Sender {
  readonly labels: Labels;
  /** Of the process, as far as the resource tells it. */
  readonly instance: string;
  readonly isTelling: boolean;
}

export function senderOf(resource: unknown, place: string): Sender {
  const found = attributes(fields(resource, place)['attributes'], `${place}.attributes`);
  const labels = Object.create(null) as Record<string, string>;
  for (const key of TOLD) {
    const value = found.get(key) ?? (key === 'deployment.environment' ? found.get(ENVIRONMENT) : undefined) ?? '';
    if (value !== '') labels[labelName(key)] = labelText(value);
  }
  const whole = markOf(JSON.stringify([...found].sort(([a], [b]) => (a < b ? -1 : 1))));
  return { labels, instance: labelText(found.get(INSTANCE) || whole), isTelling: TELLING.some((key) => (found.get(key) ?? '') !== '') };
}

/** A library's metric is another series than the same name of another library: told by its name where it has one. */
export function scopeLabels(scope: unknown, place: string): Labels {
  const { name, version }: Fields = fields(scope, place);
  const labels: Record<string, string> = {};
  if (text(name, `${place}.name`) !== '') labels['otel_scope_name'] = labelText(text(name, place));
  if (text(version, `${place}.version`) !== '') labels['otel_scope_version'] = labelText(text(version, place));
  return labels;
}
