#include "cmd/gantryd/instruments.h"

namespace gantry::daemon {

DaemonInstruments::DaemonInstruments(metrics::Registry& registry)
    : depth_(registry.gauge("gantry_workqueue_depth", "Objects that wait to be reconciled.",
                            {"controller"})),
      reconciles_(registry.counter("gantry_reconciles_total", "Reconciles, by how they ended.",
                                   {"controller", "outcome"})),
      seconds_(registry.histogram("gantry_reconcile_seconds", "How long a reconcile took.",
                                  {"controller"})),
      leader_(registry.gauge("gantry_leader", "1 while this daemon may act, 0 otherwise.")),
      events_(registry.counter("gantry_events_total", "Events written.")),
      dropped_(registry.counter("gantry_events_dropped_total",
                                "Events that were not written, because an object had too many.")) {}

void DaemonInstruments::queue_depth(std::string_view controller, size_t waiting) {
  depth_.set(static_cast<double>(waiting), {std::string(controller)});
}
void DaemonInstruments::reconciled(std::string_view controller, std::string_view outcome,
                                   Duration took) {
  reconciles_.increment({std::string(controller), std::string(outcome)});
  seconds_.observe(std::chrono::duration<double>(took).count(), {std::string(controller)});
}
void DaemonInstruments::leading(bool is_leader) {
  leader_.set(is_leader ? 1 : 0);
}
void DaemonInstruments::event_written() {
  events_.increment();
}
void DaemonInstruments::event_dropped() {
  dropped_.increment();
}

}  // namespace gantry::daemon
