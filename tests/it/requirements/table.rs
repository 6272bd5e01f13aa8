//! The rows: what each requirement says in our words, who says so, and which tests hold us to it.
//!
//! In the order of the ids. A test of this folder is listed by its name, one that stands elsewhere
//! with its module: `rules::promotion`. `document` checks all of it.

/// A requirement.
pub struct Row {
    /// What the code cites: MZ (Multi-AZ), BK (backups), OM (online migration), or D where nobody
    /// but us says it.
    pub id: &'static str,
    /// What it says, in our words.
    pub says: &'static str,
    /// Who says so.
    pub source: &'static str,
    /// The tests that fail if it is not so.
    pub tests: &'static [&'static str],
    /// What of it the model lacks.
    pub not_yet: Option<&'static str>,
}

/// All rows.
pub const ROWS: &[Row] = &[
    Row {
        id: "MZ-01",
        says: "A primary is replaced because of a failed node, a failed AZ or planned \
               maintenance; every failover has its cause.",
        source: "Guide",
        tests: &[
            "mz_01_a_failover_and_its_outage_have_the_cause_of_the_failure",
            "mz_01_planned_replacements_are_a_cause_of_their_own",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-02",
        says: "With failover the role of the primary moves to a replica, and nobody waits until \
               a new node is provisioned.",
        source: "Guide",
        tests: &[
            "mz_02_a_failover_is_much_shorter_than_a_new_primary",
            "mz_02_a_failover_never_waits_for_provisioning",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-03",
        says: "The promoted node accepts writes as soon as its promotion is complete. The whole \
               failover takes a few seconds, says the guide; here only with `timing.preset = \
               \"documented\"`, since slower ones were seen, and only without cluster mode, where \
               the nodes watch each other.",
        source: "Guide; how its seconds are split is ours",
        tests: &[
            "mz_03_the_new_primary_accepts_writes_from_the_promotion_on",
            "mz_03_with_the_documented_preset_the_whole_failover_takes_a_few_seconds",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-04",
        says: "The primary endpoint follows the promotion once its new target has spread; an \
               application that writes to it changes nothing.",
        source: "Guide",
        tests: &[
            "mz_04_the_primary_endpoint_moves_once_per_failover_and_writers_follow",
            "mz_04_the_primary_endpoint_changes_its_target_once_per_failover",
        ],
        not_yet: Some("clients that keep what DNS told them"),
    },
    Row {
        id: "MZ-05",
        says: "An application that reads from the endpoint of a node stays with that node: once \
               it is promoted, the application reads from the primary until it is told \
               otherwise.",
        source: "Guide",
        tests: &[
            "mz_05_the_endpoint_of_the_promoted_node_stays_with_the_node",
            "mz_05_who_reads_from_the_promoted_nodes_endpoint_loads_the_primary",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-06",
        says: "Without automatic failover a failed primary is recreated and filled from a \
               replica; nobody is promoted, writes wait.",
        source: "Guide; guide, \"Mitigating failures\"",
        tests: &[
            "mz_06_without_failover_the_primary_is_recreated_and_filled_from_a_replica",
            "mz_06_a_recreated_primary_lacks_what_its_source_lacked",
            "mz_06_a_failed_primary_is_replaced_with_and_without_failover",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-07",
        says: "In cluster mode planned replacements refuse no write: the role is handed over once \
               the heir has everything.",
        source: "Guide",
        tests: &["mz_07_cluster_mode_serves_all_writes_while_every_node_is_replaced"],
        not_yet: None,
    },
    Row {
        id: "MZ-08",
        says: "Without cluster mode the same holds with Multi-AZ from engine 5.0.6 on.",
        source: "Guide",
        tests: &["mz_08_so_does_a_group_with_multi_az_from_5_0_6_on"],
        not_yet: None,
    },
    Row {
        id: "MZ-09",
        says: "Before 5.0.6 writes are refused for up to a few seconds, until DNS names the new \
               primary; nothing is lost.",
        source: "Guide; the law of the gap is ours",
        tests: &["mz_09_before_that_writes_are_refused_until_dns_is_updated"],
        not_yet: None,
    },
    Row {
        id: "MZ-10",
        says: "Without Multi-AZ, and where there is no replica, a planned replacement recreates \
               the primary, which serves nobody until the new node has the data.",
        source: "Guide; guide, \"Replacing nodes\"",
        tests: &[
            "mz_10_without_multi_az_the_primary_is_recreated",
            "mz_10_a_fault_during_the_recreation_is_a_failure_like_others",
            "mz_10_a_reboot_by_the_customer_during_the_recreation_ends_it",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-11",
        says: "Engines between 4.0.10 and 5.0.6 are of the old class.",
        source: "Decision: the guide leaves them out",
        tests: &["mz_11_the_class_of_an_engine_is_that_of_its_version"],
        not_yet: None,
    },
    Row {
        id: "MZ-12",
        says: "A service update goes through the shards one by one: replicas first, then the \
               hand-over, then the old primary; a failure in the middle is dealt with first.",
        source: "AWS, \"ElastiCache maintenance\"; timelines from the field",
        tests: &[
            "mz_12_replicas_come_first_then_the_hand_over_then_the_old_primary",
            "mz_12_patching_in_place_follows_the_same_order",
            "mz_12_a_failure_in_the_middle_is_dealt_with_first",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-13",
        says: "Multi-AZ enabled later leads to the same as Multi-AZ at creation.",
        source: "Guide",
        tests: &["mz_13_enabled_later_is_as_good_as_enabled_at_creation"],
        not_yet: None,
    },
    Row {
        id: "MZ-14",
        says: "Multi-AZ can be enabled only where a replica is available.",
        source: "Guide",
        tests: &[
            "mz_14_multi_az_needs_a_replica",
            "mz_14_a_replica_that_is_being_provisioned_is_not_available",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-15",
        says: "Multi-AZ needs at least one replica in every shard.",
        source: "Guide",
        tests: &[
            "mz_15_multi_az_needs_two_nodes_in_every_shard",
            "mz_15_one_shard_without_replica_is_enough_to_refuse",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-16",
        says: "In cluster mode Multi-AZ is on unless it is switched off.",
        source: "Guide",
        tests: &["mz_16_cluster_mode_has_multi_az_by_default"],
        not_yet: None,
    },
    Row {
        id: "MZ-17",
        says: "Multi-AZ is on by itself only where every shard has a replica in another AZ than \
               its primary's; asked for, it is accepted without one, with a warning.",
        source: "Guide; the warning is ours",
        tests: &[
            "mz_17_multi_az_is_on_by_itself_where_every_shard_has_a_replica_elsewhere",
            "mz_17_multi_az_in_a_single_az_is_accepted_with_a_warning",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-18",
        says: "The command line that enables Multi-AZ is read as the guide has it, for Unix and \
               for Windows.",
        source: "Guide",
        tests: &[
            "mz_18_the_guides_command_line_enables_multi_az",
            "mz_18_options_switch_off_with_no_in_front",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-19",
        says: "The answer of a modification: the group with its status, its nodes, roles and \
               endpoints, as the guide prints it.",
        source: "Guide, \"Enabling Multi-AZ\"",
        tests: &[
            "mz_19_a_modification_answers_as_in_the_guide",
            "mz_19_a_modification_shows_while_it_lasts",
            "mz_19_the_switch_of_failover_goes_through_enabling",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-20",
        says: "The request that enables Multi-AZ is read as the guide has it, in both spellings \
               of automatic failover; its host names the region.",
        source: "Guide; service model",
        tests: &[
            "mz_20_the_guides_request_enables_multi_az",
            "mz_20_the_region_is_that_of_the_host",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-21",
        says: "A modification needs a group that exists; another one is answered with \
               ReplicationGroupNotFoundFault.",
        source: "Guide",
        tests: &["mz_21_a_group_that_does_not_exist_is_not_found"],
        not_yet: None,
    },
    Row {
        id: "MZ-22",
        says: "Changes that need not be applied immediately are pending until the maintenance \
               window opens, until a node comes back after a failure, or until a call that is \
               applied immediately takes them along, whatever comes first.",
        source: "API, ModifyReplicationGroup",
        tests: &[
            "mz_22_a_modification_that_may_wait_waits_for_the_window",
            "mz_22_a_modification_at_once_takes_along_what_waits",
            "mz_22_a_reboot_after_a_failure_applies_it_if_that_comes_first",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-23",
        says: "The state of the primary is watched all the time, and its failure is noticed \
               after a while.",
        source: "Guide; how long it takes is assumed",
        tests: &["mz_23_a_failure_at_any_time_is_detected_within_the_law_of_detection"],
        not_yet: None,
    },
    Row {
        id: "MZ-24",
        says: "The replica with the smallest replication lag is promoted.",
        source: "Guide",
        tests: &["mz_24_the_replica_with_the_smallest_lag_is_promoted"],
        not_yet: None,
    },
    Row {
        id: "MZ-25",
        says: "Which AZ a replica is in has no part in the choice.",
        source: "Guide",
        tests: &["mz_25_the_az_of_a_replica_does_not_matter"],
        not_yet: None,
    },
    Row {
        id: "MZ-26",
        says: "Among equal lags the smaller cache cluster id wins.",
        source: "Decision: the guide is silent; the engine's own failover breaks ties by name too",
        tests: &[
            "mz_26_equal_lags_always_have_the_same_winner",
            "rules::ties_go_to_the_smaller_id",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-27",
        says: "When the primary alone fails it is taken offline, a replica is promoted, a \
               replacement replica is launched, and the other replicas sync with the new primary; \
               the last two may overlap.",
        source: "Guide",
        tests: &[
            "mz_27_offline_then_promotion_then_sync_with_the_new_primary",
            "mz_27_the_replacement_replica_joins_after_the_promotion",
        ],
        not_yet: Some(
            "by default the replacement is launched with the detection, before the promotion; \
             `replacement-starts = \"after-failover\"` is the order of the guide",
        ),
    },
    Row {
        id: "MZ-28",
        says: "A replacement is a replica in the AZ of the node it replaces.",
        source: "Guide",
        tests: &[
            "mz_28_the_distribution_over_azs_is_as_before",
            "mz_28_a_failed_primary_is_replaced_by_a_replica_in_its_az",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-29",
        says: "When the new replica is available the primary endpoint stays as it is, and the \
               reader endpoint takes the replica in.",
        source: "Guide",
        tests: &[
            "mz_29_the_return_of_a_replica_leaves_the_primary_endpoint_alone",
            "mz_29_a_replica_serves_reads_once_it_is_available",
            "mz_29_the_reader_endpoint_names_the_new_replicas_and_the_primary_endpoint_stays",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-30",
        says: "Only available replicas are candidates: not failed, not in sync, not loading.",
        source: "Guide",
        tests: &[
            "mz_30_a_failed_replica_is_not_promoted_however_small_its_lag",
            "mz_30_a_replica_in_full_sync_is_no_candidate",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-31",
        says: "If several nodes fail each has one replacement, in its AZ.",
        source: "Guide; its introduction says otherwise, its steps decide",
        tests: &["mz_31_every_failed_node_has_one_replacement"],
        not_yet: None,
    },
    Row {
        id: "MZ-32",
        says: "After a failover all other nodes follow the new primary.",
        source: "Guide",
        tests: &["mz_32_afterwards_everybody_follows_the_new_primary"],
        not_yet: None,
    },
    Row {
        id: "MZ-33",
        says: "After the loss of a whole group a primary is provisioned first, then replicas, \
               each where its predecessor was. Which node serves first is open: \
               `cold-start-node`.",
        source: "Guide; the choice is ours",
        tests: &[
            "mz_33_a_lost_group_is_rebuilt_from_its_primary_on",
            "mz_33_a_rule_says_which_node_serves_first",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-34",
        says: "The loss of a whole group loses its data; it starts cold, and reads miss until it is \
               filled again.",
        source: "Guide",
        tests: &[
            "mz_34_the_loss_of_a_group_loses_everything",
            "mz_34_reads_miss_after_the_loss_of_everything_until_the_cache_is_filled_again",
            "mz_34_a_restored_group_has_no_cold_cache_and_an_emptied_primary_has",
        ],
        not_yet: Some("what the misses do to a database"),
    },
    Row {
        id: "MZ-35",
        says: "A replacement has the endpoint of the node it replaces; only the address behind \
               it changes.",
        source: "Guide",
        tests: &["mz_35_a_replacement_keeps_the_name_and_has_another_address"],
        not_yet: None,
    },
    Row {
        id: "MZ-36",
        says: "Failures inside one detection window are one scenario with one failover.",
        source: "Decision, from the guide's list of scenarios",
        tests: &["mz_36_failures_a_second_apart_are_one_failover"],
        not_yet: None,
    },
    Row {
        id: "MZ-37",
        says: "A replica that fails alone is replaced in its AZ and syncs, while reads and \
               writes go on elsewhere.",
        source: "Guide, \"Mitigating failures\"",
        tests: &["mz_37_a_replica_is_replaced_while_writes_go_on"],
        not_yet: None,
    },
    Row {
        id: "MZ-38",
        says: "Primary and replicas in different AZs tolerate more: with all nodes in one, the \
               AZ takes the whole group.",
        source: "Guide",
        tests: &[
            "mz_38_spread_nodes_survive_an_az_and_crowded_ones_do_not",
            "mz_38_nodes_in_a_single_az_are_warned_about",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-39",
        says: "Who reads from replicas only reads nowhere while the only replica is replaced; \
               with two there is always one.",
        source: "Guide, \"Minimizing downtime during maintenance\"",
        tests: &[
            "mz_39_the_only_replica_leaves_nobody_to_read_from_and_two_do_not",
            "mz_39_a_single_replica_is_not_there_while_it_is_updated",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-40",
        says: "At most 15 shards may be tested in any 24 hours, counted over the account; refused \
               calls count nothing.",
        source: "Guide, \"Testing automatic failover\"",
        tests: &[
            "mz_40_fifteen_shards_may_be_tested_in_any_24_hours",
            "mz_40_the_quota_is_that_of_the_account_and_refused_calls_use_none",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-41",
        says: "A test beyond the quota is answered with APICallRateForCustomerExceeded.",
        source: "Decision: the guide names no error",
        tests: &["mz_41_the_quota_answers_with_the_error_for_too_many_calls"],
        not_yet: None,
    },
    Row {
        id: "MZ-42",
        says: "Shards of different groups may be tested at the same time.",
        source: "Guide, \"Testing automatic failover\"",
        tests: &["mz_42_groups_are_tested_at_the_same_time"],
        not_yet: None,
    },
    Row {
        id: "MZ-43",
        says: "Within a group the node replacement of a test must be complete before the next \
               test is accepted.",
        source: "Guide, \"Testing automatic failover\"; the error is a decision",
        tests: &[
            "mz_43_within_a_group_the_first_replacement_must_be_complete",
            "mz_43_adding_replicas_meanwhile_blocks_no_later_test",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-44",
        says: "The texts and the order of events of a failover.",
        source: "Guide, \"Testing automatic failover\"",
        tests: &[
            "mz_44_a_test_failover_has_its_five_messages_in_order",
            "mz_44_a_test_failover_that_is_run_has_them_too",
            "mz_44_patching_shuts_down_restarts_and_patches_each_node",
            "golden::every_scripted_scenario_reads_like_its_golden_trace",
            "mz_44_a_test_goes_through_the_documented_steps",
        ],
        not_yet: Some(
            "in a failure, recovery begins before the failover is complete unless \
             `replacement-starts = \"after-failover\"`",
        ),
    },
    Row {
        id: "MZ-45",
        says: "The order of the messages is likely, not promised: a failover may be told by the \
               group before the node, and nothing else changes places.",
        source: "Guide, \"Testing automatic failover\"",
        tests: &[
            "mz_45_node_and_group_may_change_places_and_nothing_else",
            "mz_45_over_many_seeds_only_the_two_documented_orders_of_five_messages_occur",
            "mz_45_with_jitter_the_two_announcements_of_a_failover_come_in_either_order",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-46",
        says: "What the console calls `Recovery completed` is the event `Finished recovery for \
               cache nodes`; either finds it.",
        source: "Guide, \"Testing automatic failover\"",
        tests: &["mz_46_the_consoles_label_finds_the_end_of_the_recovery"],
        not_yet: None,
    },
    Row {
        id: "MZ-47",
        says: "AWS may block test failovers in large events: here while any AZ is down.",
        source: "Guide, \"Testing automatic failover\"; when is a decision",
        tests: &["mz_47_tests_are_blocked_in_large_events"],
        not_yet: None,
    },
    Row {
        id: "MZ-48",
        says: "A test needs a replica, automatic failover and Multi-AZ.",
        source: "Guide, \"Testing automatic failover\"",
        tests: &[
            "mz_48_a_test_needs_a_replica_failover_and_multi_az",
            "mz_48_a_test_is_given_up_when_the_replica_goes_before_it_strikes",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-49",
        says: "While a group fails over its status stays available; only the events tell.",
        source: "Guide, \"Testing automatic failover\"",
        tests: &[
            "mz_49_the_group_stays_available_while_it_fails_over",
            "mz_49_a_primary_that_is_lost_before_the_test_strikes_is_a_failure_like_others",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-50",
        says: "A test failover names a group and a shard, with the group's id in front or not; \
               what does not exist is answered with 404.",
        source: "Guide; service model",
        tests: &[
            "mz_50_the_guides_calls_test_a_shard",
            "mz_50_unknown_groups_and_shards_are_answered_with_404",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-51",
        says: "The answer of a test failover: as that of a modification, with cluster mode, \
               node type and data tiering, and with the roles before the failover.",
        source: "Guide, \"Testing automatic failover\"",
        tests: &[
            "mz_51_a_test_failover_answers_as_in_the_guide",
            "mz_51_roles_are_those_of_the_instant",
            "mz_51_a_call_shows_the_roles_before_the_failover",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-52",
        says: "Progress is in the events: filtered by source, time and length of time, newest \
               first, in pages of 20 to 100.",
        source: "Guide, \"Testing automatic failover\"; API, `DescribeEvents`",
        tests: &[
            "mz_52_events_are_filtered_as_describe_events_filters_them",
            "mz_52_the_document_is_newest_first_and_comes_in_pages",
            "mz_52_the_program_prints_both_forms",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-53",
        says: "Multi-AZ needs Valkey, or Redis OSS 2.8.6 or later.",
        source: "Guide",
        tests: &[
            "mz_53_multi_az_begins_with_redis_2_8_6",
            "mz_53_multi_az_cannot_be_enabled_on_older_engines",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-54",
        says: "Multi-AZ is not available on T1 node types.",
        source: "Guide",
        tests: &["mz_54_t1_nodes_have_no_multi_az", "mz_54_multi_az_cannot_be_enabled_on_t1"],
        not_yet: None,
    },
    Row {
        id: "MZ-55",
        says: "Replication is asynchronous: a failover loses what the promoted replica had not \
               received yet.",
        source: "Guide",
        tests: &[
            "mz_55_a_failover_loses_what_lag_there_was",
            "mz_55_the_loss_is_what_the_promoted_replica_lacked",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-56",
        says: "Promoting the most current replica keeps the loss small.",
        source: "Guide",
        tests: &["mz_56_no_other_choice_loses_less"],
        not_yet: None,
    },
    Row {
        id: "MZ-57",
        says: "A replica is promoted by hand only without cluster mode and while Multi-AZ and \
               automatic failover are off; protection ends with the second of the four steps and \
               returns with the fourth.",
        source: "Guide, \"Limitations\"",
        tests: &[
            "mz_57_a_replica_is_promoted_by_hand_in_four_steps_only",
            "mz_57_one_operation_takes_all_four_steps",
            "mz_57_protection_ends_when_the_second_step_is_complete",
            "mz_57_a_fault_in_the_unprotected_time_is_answered_by_the_promotion_itself",
            "mz_57_no_promotion_waits_for_the_window_beside_what_protects",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-58",
        says: "Multi-AZ and the append-only file exclude each other. Redis OSS 2.8.22 and later, \
               T1 and T2 nodes have no append-only file at all. Where there is one, it helps a \
               process that comes back, and not a lost host.",
        source: "Guide; guide, \"Append only files\"",
        tests: &[
            "mz_58_multi_az_and_the_append_only_file_exclude_each_other",
            "mz_58_newer_engines_and_small_nodes_have_no_append_only_file",
            "mz_58_the_append_only_file_keeps_what_a_crash_would_lose_up_to_its_tail",
            "mz_58_the_append_only_file_is_gone_with_the_host",
            "mz_58_a_crash_while_the_file_is_read_begins_the_reading_anew",
            "mz_58_a_failover_that_is_due_before_the_process_returns_goes_ahead",
            "mz_58_the_file_and_multi_az_exclude_each_other_in_operations_too",
        ],
        not_yet: Some("a disk that the file fills up"),
    },
    Row {
        id: "MZ-59",
        says: "After an AZ failure a node of that AZ is replaced only when the AZ is available \
               again.",
        source: "Guide",
        tests: &[
            "mz_59_what_an_az_took_is_replaced_when_it_is_back",
            "mz_59_only_the_az_that_is_down_is_waited_for",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-60",
        says: "A reboot of the primary by the customer does not lead to a failover; other \
               reboots and failures do. Cluster mode refuses such a reboot.",
        source: "Guide; API reference, `RebootCacheCluster`",
        tests: &[
            "mz_60_a_customers_reboot_of_the_primary_is_no_failover",
            "mz_60_other_reboots_and_failures_are",
            "mz_60_cluster_mode_has_no_reboot_by_the_customer",
            "mz_60_a_reboot_by_the_customer_is_refused_in_cluster_mode",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-61",
        says: "A rebooted primary comes back empty, and replicas that see it clear their copies.",
        source: "Guide",
        tests: &["mz_61_a_rebooted_primary_comes_back_empty_and_empties_its_replicas"],
        not_yet: None,
    },
    Row {
        id: "MZ-62",
        says: "After a promotion the other replicas delete what they have and fetch it anew, \
               unreachable meanwhile.",
        source: "Guide",
        tests: &[
            "mz_62_the_other_replicas_fetch_everything_anew_and_serve_no_reads_meanwhile",
            "mz_62_other_ways_of_resync_keep_reads_up",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-63",
        says: "These full syncs load the new primary while they last.",
        source: "Guide",
        tests: &[
            "mz_63_full_syncs_load_the_new_primary_for_their_time_and_number",
            "mz_63_full_syncs_after_a_hand_over_count_as_well",
        ],
        not_yet: Some("what the load does to the primary's own writes"),
    },
    Row {
        id: "MZ-64",
        says: "Redis OSS from 2.8.22 and Valkey from 7.2.6 take no external replicas.",
        source: "Guide, \"Limitations\"",
        tests: &["mz_64_new_engines_take_no_external_replicas"],
        not_yet: None,
    },
    Row {
        id: "MZ-65",
        says: "On older engines an external replica of a group with Multi-AZ can hinder \
               failovers, whoever decides on them.",
        source: "Guide, \"Limitations\"; the chance is assumed",
        tests: &[
            "mz_65_an_external_replica_can_hinder_failover_while_multi_az_is_on",
            "remarks::mz_65_the_report_flags_a_group_whose_external_replica_hinders_failover",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-66",
        says: "Automatic failover decides whether a replica is promoted; Multi-AZ requires it.",
        source: "Guide; API reference, `ModifyReplicationGroup`",
        tests: &[
            "mz_66_multi_az_needs_automatic_failover",
            "mz_66_automatic_failover_promotes_without_multi_az",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-67",
        says: "A primary that runs and cannot be reached counts as failed: it is taken offline \
               and a replica promoted. What it still took is lost. Whether it is taken offline at \
               once is a rule (`fencing`); in cluster mode it stops by itself in a minority.",
        source: "Guide",
        tests: &[
            "mz_67_failover_happens_although_the_primary_runs",
            "mz_67_a_cut_shorter_than_the_detection_costs_the_wait_and_loses_nothing",
            "mz_67_a_cut_that_ends_with_the_detection_is_not_detected",
            "mz_67_writes_beside_it_are_lost_until_the_promotion",
            "mz_67_without_a_fence_they_are_lost_until_the_cut_ends",
            "mz_67_where_nobody_follows_it_serves_again_with_everything",
            "mz_67_an_isolated_replica_is_neither_replaced_nor_promoted",
            "mz_67_a_copy_in_sync_that_was_cut_off_is_promoted_where_such_copies_count",
            "mz_67_in_cluster_mode_the_peers_elect_and_the_minority_refuses",
            "mz_67_in_cluster_mode_a_cut_that_nobody_noticed_costs_the_wait",
            "mz_67_a_minority_that_is_reached_again_waits_before_it_takes_writes",
            "mz_67_where_the_peers_are_no_majority_the_control_plane_steps_in",
            "mz_67_a_primary_that_is_a_majority_by_itself_goes_on_until_it_is_fenced",
            "mz_67_in_cluster_mode_an_isolated_replica_does_not_stand_for_election",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-68",
        says: "Without replicas there is no fault tolerance: a shard that loses its only node \
               loses its data, and its writes wait for a new node.",
        source: "Guide",
        tests: &[
            "mz_68_the_loss_of_the_only_node_loses_everything_until_a_new_one_is_there",
            "mz_68_a_shard_without_replica_loses_its_own_dataset_only",
            "mz_68_a_group_without_replicas_is_warned_about",
        ],
        not_yet: None,
    },
    Row {
        id: "MZ-69",
        says: "More than one replica is advised.",
        source: "Guide",
        tests: &["mz_69_a_second_replica_is_advised"],
        not_yet: None,
    },
    Row {
        id: "MZ-70",
        says: "A test failover that is cancelled in the console leaves no event, uses no quota \
               and changes no role.",
        source: "Guide, \"Testing automatic failover\"",
        tests: &["mz_70_a_cancelled_test_leaves_nothing_behind"],
        not_yet: None,
    },
    Row {
        id: "BK-01",
        says: "Automatic backups are taken daily in their window, and kept for the retention \
               period; 0 switches them off. After the loss of everything what is missing is as \
               old as the last snapshot.",
        source: "Guide, \"Scheduling automatic backups\"",
        tests: &[
            "bk_01_after_the_loss_of_everything_what_is_missing_is_as_old_as_the_last_snapshot",
            "bk_01_the_named_node_is_copied_else_the_last_replica_else_the_primary",
            "bk_01_a_snapshot_is_kept_for_the_retention_period_and_a_manual_one_for_ever",
            "bk_01_a_kind_of_backup_is_told_with_its_snapshot",
        ],
        not_yet: None,
    },
    Row {
        id: "BK-02",
        says: "A restore makes a new group, with a new endpoint, and fills it: provisioning, \
               reading and re-pointing the application take their time.",
        source: "Guide, \"Restoring from a backup\"",
        tests: &[
            "bk_02_a_restore_is_a_new_group_and_what_the_old_one_took_meanwhile_is_gone",
            "bk_02_the_new_group_has_its_own_id_and_names",
            "bk_02_old_names_lead_nowhere_after_a_restore_and_new_ones_to_new_nodes",
            "bk_02_the_chart_and_the_event_log_know_the_new_group",
            "bk_02_whoever_starts_cold_has_nothing_of_the_snapshot",
            "bk_02_one_shard_of_several_is_not_restored_and_its_part_of_the_snapshot_is_lost",
            "bk_02_a_restore_waits_for_the_azs_of_its_nodes",
        ],
        not_yet: None,
    },
    Row {
        id: "BK-03",
        says: "At most 20 manual backups of a node are made in 24 hours, and while one runs the \
               group takes no other call.",
        source: "Guide, \"Snapshot and restore\"",
        tests: &[
            "bk_03_the_twenty_first_manual_backup_of_a_node_in_24_hours_is_refused",
            "bk_03_a_backup_blocks_all_other_calls",
            "bk_03_a_backup_fails_with_the_node_that_it_copies",
        ],
        not_yet: Some("the final backup of a group that is deleted"),
    },
    Row {
        id: "BK-04",
        says: "A backup needs memory for what is written meanwhile. Where that is short, newer \
               engines delay writes and do not fork, and on older ones the backup fails.",
        source: "Guide, \"Snapshot and restore\", \"Engine versions\"",
        tests: &[
            "bk_04_a_backup_forks_where_memory_allows_else_delays_writes_and_fails_on_old_engines",
        ],
        not_yet: Some("by how much writes are delayed; only for how long"),
    },
    Row {
        id: "OM-01",
        says: "Data is migrated from a self-hosted Redis to ElastiCache, and not between groups \
               of ElastiCache.",
        source: "Guide, \"Online migration\"",
        tests: &["om_01_the_source_is_self_hosted_and_the_target_is_not"],
        not_yet: None,
    },
    Row {
        id: "OM-02",
        says: "There is no migration to a serverless cache.",
        source: "Guide, \"Online migration\"",
        tests: &["om_02_no_migration_to_a_serverless_cache"],
        not_yet: Some("the newer flow for serverless targets (PrepareMigration, StopMigration)"),
    },
    Row {
        id: "OM-03",
        says: "There is none to nodes of type r6gd, which have data tiering.",
        source: "Guide, \"Online migration\"",
        tests: &["om_03_no_migration_to_data_tiering"],
        not_yet: None,
    },
    Row {
        id: "OM-04",
        says: "The target is prepared: an engine from 5.0.6 on, no encryption in transit, Multi- \
               AZ, no second region, as many databases as the source. What the source lacks \
               (password, protected mode, network, renamed commands, version, ports) is found \
               when it is tried.",
        source: "Guide, \"Online migration\", \"Preparing\"; which error the API gives is ours",
        tests: &[
            "om_04_the_target_is_to_be_prepared",
            "om_04_what_the_source_lacks_is_found_when_it_is_tried",
        ],
        not_yet: None,
    },
    Row {
        id: "OM-05",
        says: "The target has as many shards as the source; nodes and replicas are the customer's \
               choice.",
        source: "Guide, \"Online migration\"",
        tests: &["om_05_the_target_has_as_many_shards_as_the_source"],
        not_yet: None,
    },
    Row {
        id: "OM-06",
        says: "StartMigration begins it: the group is modifying, then migrating.",
        source: "Guide, \"Online migration\"; API, StartMigration",
        tests: &["om_06_start_migration_leads_to_migrating"],
        not_yet: None,
    },
    Row {
        id: "OM-07",
        says: "Without cluster mode the primary of the target becomes a replica of the source's, \
               or of a replica there: it copies everything, follows, and takes no writes.",
        source: "Guide, \"Online migration\"",
        tests: &[
            "om_07_the_targets_primary_becomes_a_replica_of_the_sources",
            "om_07_the_source_may_be_named_by_a_replica",
        ],
        not_yet: None,
    },
    Row {
        id: "OM-08",
        says: "In cluster mode each shard of the target follows the shard of the source that owns \
               the same hash slots; where they lie elsewhere the target is resharded first.",
        source: "Guide, \"Online migration\", \"Starting\"",
        tests: &[
            "om_08_a_shard_that_has_no_room_keeps_no_other_from_following",
            "om_08_every_shard_follows_the_one_with_the_same_slots",
            "om_08_slots_that_differ_are_moved_before_anything_is_copied",
        ],
        not_yet: None,
    },
    Row {
        id: "OM-09",
        says: "CompleteMigration promotes the target, if it is in sync and no node of it is being \
               replaced; otherwise everything stays as it is and an event tells why.",
        source: "Guide, \"Online migration\", \"Completing\"",
        tests: &[
            "om_09_complete_migration_promotes_the_target",
            "om_09_complete_migration_needs_a_target_in_sync",
        ],
        not_yet: None,
    },
    Row {
        id: "OM-10",
        says: "Only then the application writes to the target; before, writes to it are refused.",
        source: "Guide, \"Online migration\"",
        tests: &["om_10_writes_to_the_target_are_refused_until_it_is_promoted"],
        not_yet: Some("reads from the target while it follows"),
    },
    Row {
        id: "OM-11",
        says: "INFO on the nodes of the source and on the primary of the target shows how far the \
               migration is.",
        source: "Guide, \"Online migration\"",
        tests: &["om_11_info_of_both_sides_is_that_of_the_trace"],
        not_yet: None,
    },
    Row {
        id: "OM-12",
        says: "The stages are prepare, test, start, verify, complete; a call that does not belong \
               to the stage is refused, and failures on the way lead back to a stage before.",
        source: "Guide, \"Online migration\"; API, TestMigration, StartMigration, CompleteMigration",
        tests: &[
            "om_12_a_cut_over_waits_for_the_target_to_be_a_replica",
            "om_12_each_stage_is_reached_and_other_calls_are_refused",
            "om_12_a_target_that_fails_is_replaced_and_copies_again",
        ],
        not_yet: None,
    },
    Row {
        id: "OM-13",
        says: "Before the completion going back costs nothing; from the first write on the target \
               on it loses what was written there.",
        source: "Decision: nothing replicates back; the guide says to read everything before one \
                 begins",
        tests: &[
            "om_13_each_part_of_the_clients_goes_back_when_it_hears_of_it",
            "om_13_rolling_back_costs_what_was_written_since",
        ],
        not_yet: Some("applications that write to both"),
    },
    Row {
        id: "D-1",
        says: "Two other readings of MZ-62 can be chosen: the engine's partial resynchronisation \
               where its backlog allows it, and none at all.",
        source: "Valkey documentation, \"Replication\"",
        tests: &[
            "rules::resync_after_failover",
            "rules::the_engine_resyncs_what_its_backlog_holds",
        ],
        not_yet: None,
    },
    Row {
        id: "D-2",
        says: "A fault that ends before it is detected leads to no failover \
               (`sub-detection-fault = \"blip\"`). \"Other reboots and failures do\" of MZ-60 is \
               read as: those that are detected.",
        source: "Decision",
        tests: &["rules::sub_detection_fault", "rules::the_loss_has_a_cliff_at_the_detection_time"],
        not_yet: None,
    },
];
