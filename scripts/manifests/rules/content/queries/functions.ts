/** Functions of Prometheus' and VictoriaMetrics' query languages. */

/** What a query is worth: a number, an instant vector, a range vector, text. */
export type Worth = 'scalar' | 'vector' | 'matrix' | 'string';
export interface Signature {
  readonly takes: readonly Worth[];
  /** How many of the last ones may be left out; Infinity: the last one may be given again and again, or not at all. */
  readonly optional: number;
  readonly gives: Worth;
}

const LETTERS: Readonly<Record<string, Worth>> = { s: 'scalar', v: 'vector', m: 'matrix', t: 'string' };

/** Written like `sv>v`: takes a number and a vector, gives a vector. A `?` after a letter: may be left out; a `*`: any number of them. https://prometheus.io/docs/prometheus/latest/querying/functions/ */
const PROMETHEUS: Readonly<Record<string, string>> = {
  'v>v': 'abs absent ceil exp floor histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar ln log10 log2 sgn sort sort_desc sqrt timestamp start_timestamp deg rad acos acosh asin asinh atan atanh cos cosh sin sinh tan tanh',
  'm>v': 'absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate last_over_time mad_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time',
  'v?>v': 'day_of_month day_of_week day_of_year days_in_month hour minute month year',
  'vss>v': 'clamp', 'vs>v': 'clamp_max clamp_min', 'vs?>v': 'round', 'vv?>v': 'info',
  'sv>v': 'histogram_quantile', 'ssv>v': 'histogram_fraction', 'vts*>v': 'histogram_quantiles',
  'mss>v': 'double_exponential_smoothing', 'ms>v': 'predict_linear', 'sm>v': 'quantile_over_time',
  'vtttt>v': 'label_replace', 'vttt*>v': 'label_join', 'vt*>v': 'sort_by_label sort_by_label_desc',
  'v>s': 'scalar', 's>v': 'vector', '>s': 'pi time start end range step',
};

/** The signature of every function of Prometheus. */
export const SIGNATURES: ReadonlyMap<string, Signature> = new Map(Object.entries(PROMETHEUS).flatMap(([written, names]) => {
  const [args = '', gives = ''] = written.split('>');
  const signature: Signature = {
    takes: [...args].flatMap((letter) => LETTERS[letter] ?? []),
    optional: args.endsWith('*') ? Infinity : (args.match(/\?/g) ?? []).length,
    gives: LETTERS[gives] ?? 'vector',
  };
  return names.split(' ').map((name): [string, Signature] => [name, signature]);
}));

export const AGGREGATES: ReadonlySet<string> = new Set('avg bottomk count count_values group limitk limit_ratio max min quantile stddev stdvar sum topk'.split(' '));

/** What VictoriaMetrics has besides: https://docs.victoriametrics.com/victoriametrics/metricsql/ */
export const METRICSQL_FUNCTIONS: ReadonlySet<string> = new Set([...SIGNATURES.keys(), ...[
  'aggr_over_time ascent_over_time changes_prometheus count_eq_over_time count_gt_over_time count_le_over_time count_ne_over_time count_values_over_time decreases_over_time default_rollup delta_prometheus deriv_fast descent_over_time distinct_over_time duration_over_time geomean_over_time histogram_over_time hoeffding_bound_lower hoeffding_bound_upper holt_winters ideriv increase_prometheus increase_pure increases_over_time integrate lag lifetime median_over_time mode_over_time outlier_iqr_over_time quantiles_over_time range_over_time rate_prometheus rate_over_sum rollup rollup_candlestick rollup_delta rollup_deriv rollup_increase rollup_rate rollup_scrape_interval scrape_interval share_gt_over_time share_le_over_time share_eq_over_time stale_samples_over_time sum_eq_over_time sum_gt_over_time sum_le_over_time sum2_over_time tfirst_over_time timestamp_with_name tlast_change_over_time tlast_over_time tmax_over_time tmin_over_time zscore_over_time',
  'bitmap_and bitmap_or bitmap_xor buckets_limit drop_common_labels drop_empty_series histogram_share interpolate keep_last_value keep_next_value label_copy label_del label_graphite_group label_keep label_lowercase label_map label_match label_mismatch label_move label_set label_transform label_uppercase label_value labels_equal limit_offset now prometheus_buckets rand rand_exponential rand_normal range_avg range_first range_last range_linear_regression range_mad range_max range_median range_min range_normalize range_quantile range_stddev range_stdvar range_sum range_trim_outliers range_trim_spikes range_trim_zscore range_zscore remove_resets running_avg running_max running_min running_sum smooth_exponential sort_by_label_numeric sort_by_label_numeric_desc timezone_offset union alias ru ttf',
].flatMap((names) => names.split(' '))]);
export const METRICSQL_AGGREGATES: ReadonlySet<string> = new Set([...AGGREGATES, ...'any bottomk_avg bottomk_max bottomk_median bottomk_last bottomk_min distinct geomean histogram mad median mode outliers_iqr outliers_mad outliersk quantiles share sum2 topk_avg topk_max topk_median topk_last topk_min zscore'.split(' ')]);
