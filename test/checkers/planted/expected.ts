/**
 * What each checker must find in the bad template of its name beside this file, as `resource: rule`, and nothing else:
 * a checker that was switched off, or has lost its rules, finds less.
 */
export const PLANTED: Readonly<Record<string, readonly string[]>> = {
  'cfn-lint': ['Dangling: E1020', 'TextForNumber: E3012', 'UnknownAction: W3037', 'WrongCase: E3002'],
  'cfn-guard': [
    'OpenGroup: vpc_sg_open_only_to_authorized_ports_check',
    'OpenGroup: vpc_sg_restricted_common_ports_check',
    'PrivilegedTask: ecs_awsvpc_networking_enabled_check',
    'PrivilegedTask: ecs_containers_nonprivileged_check',
    'PrivilegedTask: ecs_containers_readonly_access_check',
    'PrivilegedTask: ecs_task_definition_log_configuration_check',
    'PrivilegedTask: ecs_task_definition_memory_hard_limit_check',
    'PrivilegedTask: ecs_task_definition_nonroot_user_check',
    'UnprotectedTable: dynamodb_table_encrypted_kms_check',
    'UnprotectedTable: dynamodb_table_pitr_enabled_check',
  ],
  // The fourth machine there, `Right`, has tokens in its definition and nothing wrong.
  'asl-validator': [
    'InS3: NO_DEFINITION',
    'NeverEnds: MISSING_TERMINAL_STATE',
    'NextIsMissing: MISSING_TERMINAL_STATE',
    'NextIsMissing: MISSING_TRANSITION_TARGET',
  ],
};
