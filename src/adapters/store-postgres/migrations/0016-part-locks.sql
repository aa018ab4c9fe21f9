-- What the part of a fan-out holds alone. A run takes its lock in belay.incident, a part takes it here, and neither passes the other: both hold
-- the same advisory lock while they look and take.
create table belay.part_lock (
  lock text primary key,
  holder text not null,
  incident text not null
);
create index part_lock_incident on belay.part_lock (incident);

create function belay.demand_free_lock() returns trigger language plpgsql as $$
begin
  if new.run_lock is not null and (tg_op = 'INSERT' or old.run_lock is distinct from new.run_lock) then
    perform pg_advisory_xact_lock(hashtextextended('belay part ' || new.run_lock, 0));
    if exists (select 1 from belay.part_lock where lock = new.run_lock and incident <> new.id) then
      raise exception 'a part of a fan-out holds %', new.run_lock using errcode = '23505', constraint = 'incident_run_lock';
    end if;
  end if;
  return new;
end $$;

create trigger demand_free_lock before insert or update of run_lock on belay.incident
  for each row execute function belay.demand_free_lock();
