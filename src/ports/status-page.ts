// The public page: rendered from a public projection, published by atomic rename.
import type { Instant } from '../domain/json.ts';
import type { Lang } from '../domain/system.ts';

export interface StatusPageModel {
  readonly title: string;
  /** Language of `index.html`; the page is written in the other one too. Default en. */
  readonly lang?: Lang;
  /** Zone of the times shown. Default UTC. */
  readonly zone?: string;
  readonly generatedAt: Instant;
  readonly expectNextBy: Instant | null;
  readonly overall: 'operational' | 'degraded' | 'outage';
  readonly incidents: readonly {
    readonly id: string;
    readonly word: 'investigating' | 'identified' | 'monitoring' | 'resolved';
    readonly severity: string;
    readonly components: readonly string[];
    readonly since: Instant;
    readonly resolvedAt: Instant | null;
    readonly updates: readonly {
      readonly at: Instant;
      readonly word: string;
      readonly text: string;
      readonly texts?: Readonly<Record<Lang, string>>;
    }[];
  }[];
}

export interface StatusPage {
  /** @returns the path or address of the page. */
  publish(model: StatusPageModel): Promise<string>;
}
