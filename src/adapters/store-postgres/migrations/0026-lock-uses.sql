-- Which incidents have had a lock, and under which token last: before something is taken back under a lock, whoever had it in between is asked
-- after. One row an incident and lock, for runs, parts and calls alike; their tokens come from one sequence.
create table belay.lock_use (
  lock text not null,
  incident text not null,
  token bigint not null,
  primary key (lock, incident)
);
create index lock_use_newest on belay.lock_use (lock, token desc);

insert into belay.lock_use (lock, incident, token)
  select run_lock, id, nextval(pg_get_serial_sequence('belay.part_lock', 'token')) from belay.incident where run_lock is not null;
insert into belay.lock_use (lock, incident, token)
  select lock, incident, token from belay.part_lock
  on conflict (lock, incident) do nothing;

create or replace function belay.demand_free_lock() returns trigger language plpgsql as $$
begin
  if new.run_lock is not null and (tg_op = 'INSERT' or old.run_lock is distinct from new.run_lock) then
    perform pg_advisory_xact_lock(hashtextextended('belay part ' || new.run_lock, 0));
    if exists (select 1 from belay.part_lock where lock = new.run_lock and incident <> new.id) then
      raise exception 'a part of a fan-out holds %', new.run_lock using errcode = '23505', constraint = 'incident_run_lock';
    end if;
    insert into belay.lock_use (lock, incident, token)
      values (new.run_lock, new.id, nextval(pg_get_serial_sequence('belay.part_lock', 'token')))
      on conflict (lock, incident) do update set token = excluded.token;
  end if;
  return new;
end $$;
