-- What incidents are looked for by, so that a decision does not read all of them. `orgs` is null for all organizations; `done_at` is when
-- the last step that is done ended, in ms. A projection may hold escapes that no text can (U+0000, half a pair): one would fail all of it.
alter table belay.incident add column trigger text, add column orgs text[], add column run text, add column done_at float8;
update belay.incident as i set
  trigger = p ->> 'trigger',
  orgs = case when p -> 'scope' ->> 'orgs' = 'all' then null
    else array (select json_array_elements_text(p -> 'scope' -> 'orgs')) end,
  run = p ->> 'run',
  done_at = (select max((step.value ->> 'endedAt')::float8) from json_each(p -> 'steps') as step where step.value ->> 'status' = 'done')
from (
  select id, regexp_replace(projection::text, '\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\\ufffd', 'g')::json as p from belay.incident
) as readable
where readable.id = i.id;
create index incident_trigger on belay.incident (trigger) where open;
create index incident_run on belay.incident (run) where run is not null;
create index incident_done on belay.incident (done_at) where done_at is not null;
