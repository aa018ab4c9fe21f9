-- What incidents are looked for by, so that a decision does not read all of them. `orgs` is null for all organizations; `done_at` is when
-- the last step that is done ended, in ms.
alter table belay.incident add column trigger text, add column orgs text[], add column run text, add column done_at float8;
update belay.incident set
  trigger = projection ->> 'trigger',
  orgs = case when projection -> 'scope' ->> 'orgs' = 'all' then null
    else array (select json_array_elements_text(projection -> 'scope' -> 'orgs')) end,
  run = projection ->> 'run',
  done_at = (select max((step.value ->> 'endedAt')::float8) from json_each(projection -> 'steps') as step where step.value ->> 'status' = 'done');
create index incident_trigger on belay.incident (trigger) where open;
create index incident_run on belay.incident (run) where run is not null;
create index incident_done on belay.incident (done_at) where done_at is not null;
