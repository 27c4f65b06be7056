import { parser } from '@prometheus-io/lezer-promql';

/** What queries of alerts and dashboards ask for, read by Prometheus' own grammar, and what each component says of its metrics. */

export interface Selector { readonly name: string; readonly labels: Readonly<Record<string, string>> }

/** Variables of Grafana stand for something the grammar can read. */
export function readable(query: string): string {
  return query.replaceAll(/\$__rate_interval|\$__interval|\$__range/g, '5m').replaceAll(/\$\{?\w+(?::\w+)?\}?/g, 'x');
}
/** Every series a query selects: its metric, and the labels that must be exactly so. Throws where the grammar stumbles. */
export function selectorsIn(query: string): readonly Selector[] {
  const text = readable(query);
  const found: { name: string; labels: Record<string, string> }[] = [];
  parser.parse(text).iterate({
    enter(node) {
      const word = text.slice(node.from, node.to);
      if (node.type.isError) throw new Error(`${text}: stumbles at ${node.from}`);
      if (node.name === 'VectorSelector') found.push({ name: '', labels: {} });
      const last = found.at(-1);
      if (last === undefined) return;
      if (node.name === 'Identifier' && node.node.parent?.name === 'VectorSelector') last.name = word;
      if (node.name === 'UnquotedLabelMatcher') {
        const [, label = '', how = '', value = ''] = /^([\w.]+)\s*(=~|!=|!~|=)\s*"(.*)"$/.exec(word) ?? [];
        if (how === '=') last.labels[label] = value;
      }
    },
  });
  return found;
}
export const metricsIn = (query: string): readonly string[] => selectorsIn(query).map(({ name }) => name);

interface Documented { readonly component: string; readonly source: string; readonly metrics: string }

/** Who exports what, and where it says so. Names are the whole of what alerts and dashboards may use. */
export const DOCUMENTED: readonly Documented[] = [
  { component: 'Prometheus and vmagent themselves', source: 'https://prometheus.io/docs/concepts/jobs_instances', metrics: 'up scrape_samples_scraped ALERTS' },
  { component: 'kube-state-metrics 2.17', source: 'https://github.com/kubernetes/kube-state-metrics/tree/v2.17.0/docs/metrics', metrics: 'kube_daemonset_status_number_unavailable kube_deployment_spec_replicas kube_deployment_status_replicas_available kube_job_status_failed kube_node_info kube_node_status_condition kube_persistentvolumeclaim_info kube_persistentvolumeclaim_status_phase kube_pod_container_resource_limits kube_pod_container_status_restarts_total kube_pod_init_container_status_restarts_total kube_pod_status_phase kube_resourcequota kube_statefulset_status_replicas_ready' },
  { component: 'node-exporter 1.10', source: 'https://github.com/prometheus/node_exporter/tree/v1.10.2/collector', metrics: 'node_cpu_seconds_total node_disk_written_bytes_total node_filesystem_avail_bytes node_filesystem_size_bytes node_memory_MemAvailable_bytes node_memory_MemTotal_bytes node_network_receive_bytes_total' },
  { component: 'the kubelet, cAdvisor and the API server', source: 'https://kubernetes.io/docs/reference/instrumentation/metrics and https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md', metrics: 'kubelet_volume_stats_available_bytes kubelet_volume_stats_capacity_bytes kubelet_volume_stats_used_bytes container_cpu_usage_seconds_total container_cpu_cfs_periods_total container_cpu_cfs_throttled_periods_total container_memory_working_set_bytes apiserver_request_total' },
  { component: 'controller-runtime', source: 'https://book.kubebuilder.io/reference/metrics-reference', metrics: 'controller_runtime_active_workers controller_runtime_reconcile_errors_total controller_runtime_webhook_requests_total' },
  { component: 'Cilium 1.18', source: 'https://docs.cilium.io/en/v1.18/observability/metrics', metrics: 'cilium_bgp_control_plane_advertised_routes cilium_bgp_control_plane_session_state cilium_bpf_map_pressure cilium_clustermesh_remote_cluster_failures cilium_clustermesh_remote_cluster_readiness_status cilium_controllers_failing cilium_operator_lbipam_conflicting_pools cilium_operator_lbipam_services_unsatisfied cilium_operator_version cilium_policy_change_total cilium_unreachable_nodes' },
  { component: 'CoreDNS', source: 'https://coredns.io/plugins/metrics', metrics: 'coredns_build_info coredns_dns_request_duration_seconds_bucket coredns_dns_responses_total' },
  { component: 'ExternalDNS', source: 'https://kubernetes-sigs.github.io/external-dns/latest/docs/monitoring/metrics', metrics: 'external_dns_controller_last_sync_timestamp_seconds' },
  { component: 'cloudflared', source: 'https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/monitor-tunnels/metrics', metrics: 'cloudflared_tunnel_ha_connections' },
  { component: 'cert-manager', source: 'https://cert-manager.io/docs/devops-tips/prometheus-metrics', metrics: 'certmanager_certificate_expiration_timestamp_seconds certmanager_certificate_ready_status' },
  { component: 'External Secrets', source: 'https://external-secrets.io/latest/api/metrics', metrics: 'externalsecret_status_condition' },
  { component: 'Reloader', source: 'https://github.com/stakater/Reloader', metrics: 'reloader_reload_executed_total' },
  { component: 'Flux Operator', source: 'https://fluxoperator.dev/docs/instance/monitoring', metrics: 'flux_instance_info flux_resource_info' },
  { component: 'Ceph', source: 'https://docs.ceph.com/en/squid/mgr/prometheus', metrics: 'ceph_cluster_total_bytes ceph_cluster_total_used_bytes ceph_health_status ceph_osd_commit_latency_ms ceph_osd_op_r ceph_osd_op_r_out_bytes ceph_osd_op_w ceph_osd_op_w_in_bytes ceph_osd_stat_bytes ceph_osd_stat_bytes_used ceph_osd_up ceph_pg_clean ceph_pg_degraded ceph_pg_total ceph_pool_metadata ceph_pool_percent_used' },
  { component: 'CloudNativePG 1.27 and its pooler', source: 'https://cloudnative-pg.io/documentation/1.27/monitoring', metrics: 'cnpg_backends_total cnpg_collector_sync_replicas cnpg_collector_up cnpg_collector_wal_bytes cnpg_pg_database_size_bytes cnpg_pg_database_xid_age cnpg_pg_replication_in_recovery cnpg_pg_replication_lag cnpg_pg_settings_setting cnpg_pg_stat_archiver_seconds_since_last_archival cnpg_pg_stat_database_deadlocks cnpg_pg_stat_database_xact_commit cnpg_pgbouncer_pools_cl_active cnpg_pgbouncer_pools_cl_waiting cnpg_pgbouncer_pools_maxwait cnpg_pgbouncer_pools_sv_active cnpg_pgbouncer_pools_sv_idle' },
  { component: 'the Barman Cloud plugin 0.9', source: 'https://cloudnative-pg.io/plugin-barman-cloud/docs/observability', metrics: 'barman_cloud_cloudnative_pg_io_last_available_backup_timestamp barman_cloud_cloudnative_pg_io_last_failed_backup_timestamp' },
  { component: 'Dragonfly 1.34', source: 'https://github.com/dragonflydb/dragonfly/blob/v1.34.2/src/server/server_family.cc', metrics: 'dragonfly_commands_processed_total dragonfly_connected_clients dragonfly_connected_replica_lag_records dragonfly_db_keys dragonfly_keyspace_hits_total dragonfly_keyspace_misses_total dragonfly_master dragonfly_memory_max_bytes dragonfly_memory_used_bytes dragonfly_net_input_bytes_total dragonfly_net_output_bytes_total dragonfly_replica_reconnect_count' },
  { component: 'VictoriaMetrics 1.122', source: 'https://docs.victoriametrics.com/victoriametrics/cluster-victoriametrics/#monitoring', metrics: 'vm_cache_entries vm_concurrent_select_capacity vm_concurrent_select_current vm_concurrent_select_limit_reached_total vm_data_size_bytes vm_deduplicated_samples_total vm_free_disk_space_bytes vm_http_requests_total vm_rows_added_to_storage_total vm_rows_inserted_total vm_slow_queries_total vm_slow_row_inserts_total vmagent_remotewrite_packets_dropped_total vmagent_remotewrite_pending_data_bytes vmagent_remotewrite_retries_count_total vmalert_alerting_rules_errors_total vmalert_recording_rules_errors_total' },
  { component: 'the operator of VictoriaMetrics', source: 'https://docs.victoriametrics.com/operator/monitoring', metrics: 'operator_alertmanager_bad_objects_count operator_vmalert_bad_objects_count' },
  { component: 'Alertmanager', source: 'https://github.com/prometheus/alertmanager/blob/main/doc/alertmanager-mixin/alerts.libsonnet', metrics: 'alertmanager_notifications_failed_total' },
  { component: 'VictoriaLogs', source: 'https://docs.victoriametrics.com/victorialogs/#monitoring', metrics: 'vl_bytes_ingested_total vl_data_size_bytes vl_free_disk_space_bytes vl_http_requests_total vl_rows_dropped_total vl_rows_ingested_total vl_storage_rows' },
  { component: 'Fluent Bit 4.1', source: 'https://docs.fluentbit.io/manual/administration/monitoring', metrics: 'fluentbit_input_records_total fluentbit_output_dropped_records_total fluentbit_output_errors_total fluentbit_output_proc_bytes_total fluentbit_output_proc_records_total fluentbit_output_retries_total' },
  { component: 'Keycloak 26.4', source: 'https://www.keycloak.org/observability/configuration-metrics', metrics: 'agroal_active_count agroal_awaiting_count http_server_requests_seconds_bucket http_server_requests_seconds_count jvm_gc_pause_seconds_sum jvm_memory_usage_after_gc_percent vendor_cluster_size' },
  { component: 'Harbor 2.14 and its registry', source: 'https://goharbor.io/docs/2.14.0/administration/metrics', metrics: 'harbor_jobservice_task_total harbor_up registry_http_request_duration_seconds_bucket registry_http_requests_total' },
  { component: 'Strimzi 0.48', source: 'https://github.com/strimzi/strimzi-kafka-operator/blob/0.48.0/operator-common/src/main/java/io/strimzi/operator/common/metrics/MetricsHolder.java', metrics: 'strimzi_reconciliations_duration_seconds_max strimzi_reconciliations_failed_total strimzi_resource_state strimzi_resources' },
  { component: 'brokers of Kafka 4.1, by the rules in kafka-metrics', source: 'https://kafka.apache.org/41/operations/monitoring', metrics: 'kafka_controller_kafkacontroller_activecontrollercount kafka_controller_kafkacontroller_offlinepartitionscount kafka_network_socketserver_networkprocessoravgidle_percent kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent kafka_server_replicamanager_isrshrinks_total kafka_server_replicamanager_leadercount kafka_server_replicamanager_underreplicatedpartitions' },
  { component: 'Kafka Exporter', source: 'https://github.com/danielqsj/kafka_exporter#metrics', metrics: 'kafka_consumergroup_lag' },
  { component: 'GitHub\'s controller and listeners', source: 'https://docs.github.com/en/actions/reference/runners/actions-runner-controller-troubleshooting and cmd/ghalistener/metrics of gha-runner-scale-set', metrics: 'gha_assigned_jobs gha_completed_jobs_total gha_controller_running_listeners gha_desired_runners gha_job_startup_duration_seconds_bucket gha_max_runners gha_registered_runners gha_running_jobs' },
  { component: 'GitLab, Workhorse and Sidekiq', source: 'https://docs.gitlab.com/administration/monitoring/prometheus/gitlab_metrics', metrics: 'gitlab_workhorse_object_storage_upload_requests http_requests_total sidekiq_jobs_completion_seconds_count sidekiq_jobs_failed_total' },
  { component: 'gitlab-exporter', source: 'https://gitlab.com/gitlab-org/ruby/gems/gitlab-exporter', metrics: 'gitlab_database_rows sidekiq_jobs_enqueued_size sidekiq_queue_size' },
  { component: 'the JMX exporter, of its process', source: 'https://prometheus.github.io/client_java/instrumentation/jvm', metrics: 'jvm_gc_collection_seconds_sum jvm_memory_max_bytes jvm_memory_used_bytes' },
  { component: 'Schema Registry 7.8, by the rules in schema-registry-jmx-config', source: 'https://docs.confluent.io/platform/7.8/schema-registry/monitoring.html', metrics: 'kafka_consumer_fetch_manager_records_lag_max kafka_schema_registry_jersey_metrics_endpoint_request_error_total kafka_schema_registry_jersey_metrics_request_error_total kafka_schema_registry_jersey_metrics_request_latency_95 kafka_schema_registry_master_slave_role' },
  { component: 'VolSync 0.12', source: 'https://volsync.readthedocs.io/en/stable/usage/metrics', metrics: 'volsync_missed_intervals_total volsync_sync_duration_seconds volsync_sync_duration_seconds_count volsync_volume_out_of_sync' },
  { component: 'the snapshot controller 8.1', source: 'https://github.com/kubernetes-csi/external-snapshotter/tree/v8.1.0/pkg/metrics', metrics: 'snapshot_controller_operation_total_seconds_count' },
];
export const KNOWN: ReadonlySet<string> = new Set(DOCUMENTED.flatMap(({ metrics }) => metrics.split(' ')));
