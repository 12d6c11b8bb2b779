"""Every behaviour of supervision, and the tests that show it.

Declarations
- bad flags, names, deadlines, children; duplicate ids; shared queues
    test_deadlines_are_positive_and_finite
    test_names_that_are_no_path_element_are_refused
    test_a_child_that_is_no_declaration_is_refused
    test_duplicate_names_are_refused
    test_one_cell_or_mailbox_has_one_owner_in_the_whole_tree
    test_liveness_and_draining_need_a_mailbox
    test_a_bad_backoff_is_refused
    test_a_bad_intensity_is_refused
    test_bad_mailboxes_are_refused
- significant children: not permanent, and only where they mean something
    test_a_permanent_child_cannot_be_significant
    test_a_significant_child_needs_an_auto_shutdown
Start
- an empty tree
    test_an_empty_tree_starts_and_stops
- in order, each when the one before is ready
    test_children_start_in_order_and_stop_in_reverse
    test_the_next_child_starts_only_when_the_one_before_is_ready
- a failed or late start stops the earlier ones in reverse; a failing or bad factory, a bad return
    test_a_child_that_does_not_start_stops_the_earlier_and_fails_the_tree
    test_a_build_that_fails_or_makes_no_actor_is_a_failed_start
    test_a_failing_build_or_started_leaves_the_actor_down_and_messages_waiting
    test_a_failed_start_deep_down_fails_the_tree_with_its_path
    test_a_decision_actor_that_cannot_start_fails_the_tree_or_is_left_out
    test_a_late_start_that_cannot_be_stopped_fails_the_supervisor
- a failed start leaves nothing listed
    test_a_child_that_does_not_start_is_not_listed_and_harms_nobody
- ignore
    test_a_child_may_ask_to_be_left_out
    test_asking_to_be_left_out_after_being_ready_is_an_error
Stop
- in reverse, also when all of it is cancelled from outside
    test_children_start_in_order_and_stop_in_reverse
    test_an_outer_cancellation_stops_in_reverse_too
- drain, then cancel, then report what is stuck
    test_what_waits_is_handled_before_the_stop
    test_what_is_sent_by_those_that_stop_earlier_is_still_handled
    test_a_stuck_child_is_reported_and_the_others_are_stopped_meanwhile
    test_a_stuck_child_below_a_supervisor_does_not_keep_the_upper_ones_running
    test_a_stuck_bystander_fails_the_supervisor_instead_of_running_twice
- children that end by themselves meanwhile: every reason, every restart type, dynamic ones too
    test_children_that_end_by_themselves_during_the_stop_do_no_harm
    test_dynamic_children_that_end_by_themselves_during_the_stop_do_no_harm
    test_an_error_while_stopping_is_an_orderly_end_and_is_told
- a child that detaches does not hang the supervisor
    test_a_child_that_hands_its_work_to_a_foreign_nursery_does_not_hang_its_supervisor
    test_a_decision_actor_that_detaches_does_not_hang_its_supervisor
    test_a_child_may_terminate_itself_without_hanging_its_supervisor
- no task is left
    test_no_task_and_no_pump_is_left_behind
Exits
- the 3 x 3 table, for both kinds of actors
    test_the_table
    test_the_table_of_restart_types_and_exits
    test_the_table_holds_for_decision_actors
- nothing is swallowed but `Exception`
    test_an_interrupt_ends_the_tree_in_order_and_is_never_restarted
    test_an_interrupt_in_a_handler_is_not_the_actors_failure_and_reaches_the_sender
- a temporary child is never restarted, not even as a bystander
    test_a_temporary_bystander_goes_down_with_its_group_and_stays_away
Restarts
- crashes wider than the window never escalate, one more than the intensity does
    test_crashes_wider_than_the_window_never_escalate
    test_one_more_than_the_intensity_escalates_in_reverse_order
    test_one_crash_more_than_the_intensity_escalates
    test_the_window_allows_so_many_in_any_span_and_no_more
    test_the_charges_of_all_children_add_up
- failed and late starts are charged
    test_failed_and_late_restarts_are_charged_like_crashes
    test_a_failed_restart_goes_on_until_it_succeeds
- each strategy: base case
    test_the_group_stops_in_reverse_and_starts_in_order
    test_a_group_of_decision_actors_starts_again_in_order_and_loses_only_the_poison
    test_who_is_affected
- each strategy: escalation when the restart itself fails
    test_every_strategy_escalates_when_the_restart_itself_fails_too_often
- one_for_all: a second child's failed restart stops the restarted first; rest_for_one does not
    test_one_for_all_a_second_failed_restart_stops_the_restarted_first
    test_rest_for_one_a_later_failed_restart_spares_the_restarted_first
- escalation through nested supervisors, an abnormal exit even to a transient parent
    test_escalation_restarts_the_whole_supervisor_and_counts_everybody
    test_an_escalated_failure_is_no_clean_exit_to_a_transient_parent
    test_a_failure_climbs_as_high_as_it_must_and_the_rest_of_the_tree_goes_on
    test_a_failure_that_nobody_stops_ends_the_tree_bottom_up
- responsive and stoppable during an endless restart loop and a long back-off
    test_it_answers_and_stops_at_once_during_an_endless_restart_loop
    test_it_answers_and_stops_at_once_during_a_long_back_off
- counts right while restarting
    test_counts_and_states_are_right_while_children_are_restarting
- ten times the children cost about ten times
    test_ten_times_the_children_cost_about_ten_times
Back-off
- sequence, cap, reset after a crash-free time
    test_the_sequence_doubles_up_to_the_cap_and_starts_anew_after_a_calm_time
    test_the_back_off_grows_to_its_cap_and_resets_after_a_calm_time
- bounds of the jitter
    test_a_delay_lies_between_the_jittered_and_the_full_base_and_under_the_cap
    test_jitter_spreads_the_delays
- a group stops at once, then backs off
    test_the_group_stops_at_once_and_starts_after_the_back_off
    test_a_crash_further_up_takes_over_a_waiting_group
- nested back-offs
    test_a_back_off_inside_a_back_off_starts_anew_with_each_outer_restart
    test_an_outer_back_off_does_not_run_the_timers_of_the_inner_one
- the log level rises after k attempts
    test_it_rises_after_so_many_crashes_in_a_row_and_falls_after_a_calm_time
    test_every_event_has_its_severity
Significant children
- any, all
    test_any_the_first_that_ends_well_ends_the_supervisor
    test_all_the_last_that_ends_ends_the_supervisor
    test_a_significant_decision_actor_that_leaves_ends_its_supervisor
- not by an administrative stop or as a bystander
    test_an_administrative_stop_is_no_end
    test_going_down_with_a_group_is_no_end
- through nested supervisors
    test_a_significant_end_goes_up_through_significant_supervisors
    test_significance_ends_at_a_supervisor_that_is_not_significant_itself
Administration
- already started, already present, running, not found; terminating twice
    test_a_name_that_is_taken_is_refused_running_or_not
    test_terminate_restart_and_delete
    test_a_child_in_back_off_is_busy_until_it_is_terminated
- a manual stop is not restarted
    test_what_was_stopped_by_hand_is_not_restarted_whatever_happens_to_the_others
    test_what_was_stopped_by_hand_is_not_started_with_its_group
- the order survives restarts
    test_the_order_of_the_children_survives_restarts_of_all_kinds
- dynamic children: added and removed while running, gone after their supervisor's restart
    test_instruments_come_and_go_while_the_others_trade
    test_a_dynamic_child_is_restarted_like_any_other
    test_dynamic_children_are_gone_after_their_supervisors_restart_until_started_again
Messages
- mailboxes survive restarts: what waits is kept across a failing restart
    test_messages_are_kept_in_order_across_failing_restarts
    test_a_crash_loses_the_poison_and_nothing_else
- block, drop-oldest, conflate by key, reject; counters
    TestMailboxAgainstAList
    test_put_waits_for_room_and_send_does_not
    test_conflating_keeps_the_place_of_the_first_and_the_words_of_the_last
- overflow counted and published
    test_what_each_policy_did_with_an_overflow_shows_in_the_statistics
    test_one_full_subscriber_is_counted_and_reported_and_the_others_get_theirs
    test_a_cell_that_is_down_too_long_drops_its_oldest_and_counts_them
- a laggard that must not miss anything crashes and starts from a snapshot
    test_a_laggard_crashes_and_its_next_incarnation_sees_no_hole
    test_a_decision_actor_that_missed_a_message_dies_and_what_it_had_not_handled_is_void
- what was in hand is not requeued: dead letters
    test_by_default_nothing_is_tried_again
    test_what_the_dead_actor_had_in_hand_is_a_dead_letter
    test_an_edge_actor_stopped_in_the_middle_of_a_message_leaves_a_dead_letter
- at least once, where asked: tries are counted, the poison goes to the dead letters
    test_a_cell_tries_a_message_so_often_keeps_the_order_and_then_buries_it
    test_in_a_tree_the_poison_costs_so_many_restarts_and_the_others_get_through
    test_an_edge_actor_gets_what_it_had_in_hand_again_and_in_order
- ask: always a deadline, a crash answers at once
    test_no_answer_before_the_deadline
    test_a_death_with_the_question_in_hand_is_known_at_once
    test_an_edge_actor_that_dies_with_the_question_fails_it
Knowing who is there
- watch: graceful, failed, idempotent, unwatched
    test_a_watcher_is_told_of_a_good_and_of_a_bad_end
    test_a_watch_lasts_through_restarts_and_ends_with_the_tree
    test_watching_twice_is_told_once
    test_who_has_stopped_watching_is_not_told_and_the_others_are
- registry: unregister on death, re-register, generations, subscribe to changes
    test_the_registry_shows_who_is_ready
    test_a_late_clean_up_does_not_hide_the_successor
    test_watchers_see_what_is_there_and_every_change
    test_watchers_of_the_registry_see_them_come_crash_return_and_go
- liveness by progress: a hung actor is found and restarted
    test_a_hung_actor_is_killed_restarted_and_goes_on_with_what_waited
    test_an_idle_actor_is_not_hung
    test_a_busy_actor_that_gets_on_is_not_hung
- a handler that does not return: reported, then the process ends
    test_a_turn_past_its_deadline_is_reported_once_and_past_the_last_one_it_ends_all
All of it at once
- random trees, messages, ends, orders and crashes at random checkpoints
    TestGrove
    test_nobody_runs_twice_nobody_is_left_and_the_tree_always_stops
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
NAME = re.compile(r"    ((?:test_|Test)\w+)")


def names_of_tests() -> set[str]:
    found = set()
    for path in HERE.glob("test_*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(node.name)
            elif isinstance(node, ast.Assign):
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def test_every_behaviour_has_a_test_that_exists() -> None:
    lines = (__doc__ or "").splitlines()[2:]
    existing = names_of_tests()
    missing = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        match = NAME.fullmatch(line)
        if match is not None and match[1] not in existing:
            missing.append(match[1])
        if line.startswith("- ") and NAME.fullmatch(following) is None:
            missing.append(f"a test for: {line}")
    assert missing == []
    assert sum(NAME.fullmatch(line) is not None for line in lines) > 100
