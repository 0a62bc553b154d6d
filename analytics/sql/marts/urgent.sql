-- urgent: of the promises that an order waits with, those due within a day and past half of their time, or broken
--
-- A held order need be neither confirmed nor sent.

create or replace macro urgent(waiting, is_actionable, now) as list_filter(waiting, lambda each:
    (is_actionable or each.promise not in ('confirm', 'dispatch'))
    and each.due <= now + days(1)
    and each.since + (each.due - each.since) // 2 <= now
);

-- a return that is to be answered, and not yet among the urgent ones
create or replace macro is_to_answer(status, waiting, is_actionable, now) as
    status = 'return_requested'
    and not list_contains([each.promise for each in urgent(waiting, is_actionable, now)], 'answer_return');

-- whether a promise that somebody waits for has not been kept in its time
create or replace macro is_over(waiting, promise, now) as
    len(list_filter(waiting, lambda each: each.promise = promise and each.due < now)) > 0;
