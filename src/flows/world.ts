// Everything a flow may touch, as ports. main.ts fills it with adapters, tests with fakes.
import type { Runbook } from '../domain/ir.ts';
import type { System } from '../domain/system.ts';
import type { Action } from '../ports/action.ts';
import type { Artefacts } from '../ports/artefacts.ts';
import type { CertificateStore } from '../ports/certificates.ts';
import type { Channel } from '../ports/channel.ts';
import type { CommandRunner } from '../ports/command-runner.ts';
import type { Database } from '../ports/database.ts';
import type { DeployTarget } from '../ports/deploy-target.ts';
import type { Digest } from '../ports/digest.ts';
import type { Engine } from '../ports/engine.ts';
import type { Expression } from '../ports/expression.ts';
import type { FlowSwitch } from '../ports/flow-switch.ts';
import type { Freezes } from '../ports/freezes.ts';
import type { DocumentStore, IncidentStore } from '../ports/incident-store.ts';
import type { Journal } from '../ports/journal.ts';
import type { Outbox } from '../ports/outbox.ts';
import type { PartLocks } from '../ports/part-locks.ts';
import type { PauseSwitch } from '../ports/pause.ts';
import type { Probe } from '../ports/probe.ts';
import type { Readings } from '../ports/readings.ts';
import type { ReleaseHistory } from '../ports/release-history.ts';
import type { Renderer } from '../ports/renderer.ts';
import type { Flag, SettingStore } from '../ports/settings.ts';
import type { ShadowStore } from '../ports/shadow-store.ts';
import type { SignalStore } from '../ports/signal-store.ts';
import type { SilenceStore } from '../ports/silence-store.ts';
import type { StatusPage } from '../ports/status-page.ts';
import type { Time } from '../ports/time.ts';

/** A runbook as loaded, with the hash of its canonical IR. */
export interface PinnedRunbook {
  readonly runbook: Runbook;
  readonly irHash: string;
}

export interface World {
  readonly system: System;
  readonly runbooks: Readonly<Record<string, PinnedRunbook>>;
  readonly engine: Engine;
  readonly time: Time;
  readonly digest: Digest;
  readonly journal: Journal;
  readonly pause: PauseSwitch;
  readonly incidents: IncidentStore;
  readonly documents: DocumentStore;
  readonly partLocks: PartLocks;
  readonly freezes: Freezes;
  readonly releases: ReleaseHistory;
  readonly outbox: Outbox;
  readonly signals: SignalStore;
  readonly silences: SilenceStore;
  readonly shadows: ShadowStore;
  readonly readings: Readings;
  readonly expression: Expression;
  readonly renderer: Renderer;
  readonly statusPage: StatusPage | null;
  readonly artefacts: Artefacts;
  readonly targets: Readonly<Record<string, DeployTarget>>;
  readonly switches: Readonly<Record<string, FlowSwitch>>;
  readonly databases?: Readonly<Record<string, Database>>;
  /** What was proved of ways back; missing where no store is open. */
  readonly certificates?: CertificateStore;
  readonly flags?: Readonly<Record<string, Flag>>;
  readonly configs?: Readonly<Record<string, SettingStore>>;
  readonly channels: Readonly<Record<string, Channel>>;
  readonly actions: Readonly<Record<string, Action>>;
  readonly probes: Readonly<Record<string, Probe>>;
  readonly commandRunner: CommandRunner;
  /** A text of people without the secrets that belay.yaml names, or that look like some. */
  readonly hidden?: (text: string) => Promise<string>;
}
