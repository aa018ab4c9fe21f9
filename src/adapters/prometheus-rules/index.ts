// Rules of Prometheus, read and written as text. It starts nothing and asks nobody.
export { exportPrometheusRules } from './export.ts';
export { importPrometheusRules } from './import.ts';
