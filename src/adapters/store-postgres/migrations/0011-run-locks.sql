-- What a run holds alone, from its start to its end: two runs never hold the same.
alter table belay.incident add column run_lock text;
create unique index incident_run_lock on belay.incident (run_lock) where run_lock is not null;
