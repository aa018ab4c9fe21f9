-- A page of counts as one statement that is a transaction of its own: one way to the server and back instead of three. Each statement in
-- it sees what was committed when it begins, as it would by itself: the locks come first.
create function belay.commit_page(
  fence bigint, names_lock bigint, commit_id text, first_slot double precision, last_slot double precision, page bytea, epoch bigint
) returns boolean language plpgsql as $$
begin
  perform pg_advisory_xact_lock(fence);
  perform pg_advisory_xact_lock_shared(names_lock);
  insert into belay.signal_page (tier, from_slot, to_slot, body)
    select 0, first_slot, last_slot, page from belay.signal_horizon where names = epoch;
  if not found then
    return false;
  end if;
  insert into belay.signal_commit (id) values (commit_id);
  return true;
end $$;
