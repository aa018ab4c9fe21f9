-- What triggers in shadow would have done, and what people said of it. Rows are inserted, never updated, and deleted by age.
create table belay.shadow_decision (
  id bigint generated always as identity primary key,
  key text not null unique,
  trigger text not null,
  episode text not null,
  at double precision not null,
  judged boolean not null,
  body json not null
);
create index shadow_decision_age on belay.shadow_decision (trigger, at);
create index shadow_decision_judged on belay.shadow_decision (trigger, id) where judged;
create index shadow_decision_episode on belay.shadow_decision (episode);

create table belay.shadow_mark (
  id bigint generated always as identity primary key,
  key text not null unique,
  trigger text not null,
  since double precision not null,
  body json not null
);
create index shadow_mark_age on belay.shadow_mark (since);
