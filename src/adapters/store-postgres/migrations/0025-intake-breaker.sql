-- The circuit breaker of each line of an intake that had a failure: as domain/breaker.ts has it.
create table belay.intake_breaker (
  intake text not null,
  line text not null,
  breaker json not null,
  primary key (intake, line)
);
