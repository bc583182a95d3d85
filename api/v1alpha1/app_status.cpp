#include "api/v1alpha1/app.h"

namespace gantry::api::v1alpha1 {

using namespace schema;

TypeInfo describe(Type<ProbeSource>) {
  return enumeration<ProbeSource>("ProbeSource",
                                  "Daemon: over the network. Guest: from inside the container.",
                                  {"Daemon", "Guest"});
}

TypeInfo describe(Type<AppHealth>) {
  return object<AppHealth>("AppHealth", "The last health probe.",
                           {
                               field<&AppHealth::from>("from", "Where it was asked from."),
                               field<&AppHealth::last_probe_at>("lastProbeAt", "When."),
                               field<&AppHealth::message>("message", "What the answer was."),
                           });
}

TypeInfo describe(Type<Slot>) {
  return enumeration<Slot>("Slot", "A set of Machines. Blue: APP-0. Green: APP-0-green.",
                           {"Blue", "Green"});
}

Slot active_slot(const App& app) {
  return app.status.active_slot.value_or(Slot::blue);
}

bool is_serving(const App& app, const AppMachine& machine) {
  return machine.slot == active_slot(app);
}

bool is_led_to(const App& app, const AppMachine& machine) {
  const auto& handover = app.status.handover;
  return machine.slot == (handover ? handover->to : active_slot(app));
}

TypeInfo describe(Type<AppMachine>) {
  return object<AppMachine>(
      "AppMachine", "One of an App's Machines.",
      {
          field<&AppMachine::name>("name", "The Machine.", required),
          field<&AppMachine::slot>("slot", "Which set it is of."),
          field<&AppMachine::vmid>("vmid", "Its container's id."),
          field<&AppMachine::node>("node", "Where it is."),
          field<&AppMachine::address>("address", "Its IP address."),
          field<&AppMachine::ready>(
              "ready", "Whether the workload works, or did before unknownSince.", always),
          field<&AppMachine::step>("step", "What is being done."),
          field<&AppMachine::step_number>("stepNumber",
                                          "Which of stepCount steps that is, while it is being "
                                          "set up."),
          field<&AppMachine::step_count>("stepCount", "How many steps there are."),
          field<&AppMachine::message>("message", "What it waits for."),
          field<&AppMachine::output>("output",
                                     "The last line that the command of the step has written."),
          field<&AppMachine::code>("code", "What is wrong, of the failure catalogue."),
          field<&AppMachine::step_started_at>("stepStartedAt", "Since when."),
          field<&AppMachine::url>(
              "url", "Where it answers: a host name when a proxy serves it, else its address."),
          field<&AppMachine::revision>("revision", "The workload that was last put into it."),
          field<&AppMachine::target>("target", "The workload that it is to run."),
          field<&AppMachine::failed_revision>("failedRevision",
                                              "The workload that it could not run."),
          field<&AppMachine::prepared>("prepared",
                                       "The workload that it could run at once, but for its "
                                       "volumes, which another has."),
          field<&AppMachine::well_since>("wellSince", "Since when it answers with that workload."),
          field<&AppMachine::snapshot>("snapshot",
                                       "The snapshot that its next revision waits for."),
          field<&AppMachine::snapshot_asked_at>("snapshotAskedAt", "Since when."),
          field<&AppMachine::restored>("restored", "The last restore that was done or refused."),
          field<&AppMachine::health>("health", "The last health probe."),
          field<&AppMachine::failures>("failures", "Probes that failed in a row."),
          field<&AppMachine::unknown_since>(
              "unknownSince",
              "Since when it cannot be told how its container is; all else is as last known."),
      });
}

TypeInfo describe(Type<RevisionState>) {
  return enumeration<RevisionState>(
      "RevisionState",
      "Progressing: on its way. Good: runs in every container. Superseded: another is good. "
      "RolledBack: a container could not run it.",
      {"Progressing", "Good", "Superseded", "RolledBack"});
}

TypeInfo describe(Type<RevisionImage>) {
  return object<RevisionImage>(
      "RevisionImage", "The image that a service ran.",
      {
          field<&RevisionImage::service>("service", "Of the compose file.", required),
          field<&RevisionImage::image>("image", "As the file names it."),
          field<&RevisionImage::digest>("digest", "What that meant then: sha256:…"),
      });
}

TypeInfo describe(Type<AppRevision>) {
  return object<AppRevision>(
      "AppRevision", "A workload that went out, or was on its way.",
      {
          field<&AppRevision::number>("number", "Counts from 1.", required),
          field<&AppRevision::revision>("revision", "The hash of everything in it.", required),
          field<&AppRevision::created_at>("createdAt", "When it was first asked for."),
          field<&AppRevision::state>("state", "What became of it.", always),
          field<&AppRevision::message>("message", "Why it was rolled back."),
          field<&AppRevision::snapshots>("snapshots",
                                         "The data of each Machine as this revision has left it.",
                                         MapKey{"machine"}),
          field<&AppRevision::images>("images",
                                      "What its services ran; when it goes out again it is these, "
                                      "whatever the tags mean by then.",
                                      MapKey{"service"}),
      });
}

int serving_port(const App& app, const PortRef& ref) {
  AppSpec spec;
  if (app.status.serving) spec.ports = app.status.serving->ports;
  const int port = port_number(spec, ref);
  return port == 0 ? port_number(app.spec, ref) : port;
}

TypeInfo describe(Type<AppServing>) {
  return object<AppServing>(
      "AppServing", "Of the spec, what belongs to the version that serves.",
      {
          field<&AppServing::ports>("ports", "Ports it listens on.", MapKey{"name"}),
          field<&AppServing::health>("health", "How it is known that it works."),
      });
}

TypeInfo describe(Type<AppHandover>) {
  return object<AppHandover>(
      "AppHandover", "Volumes go from one set of Machines to the other.",
      {
          field<&AppHandover::revision>("revision", "The workload for which they change sets.",
                                        required),
          field<&AppHandover::to>("to",
                                  "The set that they go to, and that requests wait for; the one "
                                  "that served before when they come back.",
                                  required),
          field<&AppHandover::started_at>("startedAt", "Since when."),
          field<&AppHandover::stopped_at>(
              "stoppedAt", "When the set that had them was told to stop; absent: it serves."),
      });
}

TypeInfo describe(Type<AppStatus>) {
  return object<AppStatus>(
      "AppStatus", "What was last seen of an App.",
      {
          field<&AppStatus::conditions>("conditions",
                                        "Ready, Available, Reconciling, Stalled, Exposed, "
                                        "CallbackReachable, ResourcePressure.",
                                        MapKey{"type"}),
          field<&AppStatus::observed_generation>(
              "observedGeneration", "The generation of the spec that this status is about."),
          field<&AppStatus::replicas>(
              "replicas", "How many Machines there are in the set that serves.", always),
          field<&AppStatus::ready_replicas>(
              "readyReplicas", "How many of them work, as far as known; see Available.", always),
          field<&AppStatus::selector>("selector", "The labels of its Machines."),
          field<&AppStatus::revision>("revision", "The workload of the spec."),
          field<&AppStatus::current_revision>("currentRevision",
                                              "The workload that has last proven good."),
          field<&AppStatus::failed_revision>(
              "failedRevision", "The workload that was rolled back, while the spec asks for it."),
          field<&AppStatus::revisions>("revisions", "What went out, oldest first.",
                                       MapKey{"number"}),
          field<&AppStatus::active_slot>("activeSlot",
                                         "Which set of Machines serves, Blue when absent; the "
                                         "other is there only during an update with BlueGreen."),
          field<&AppStatus::switched_at>(
              "switchedAt",
              "When that has changed, while Machines that served before are still there."),
          field<&AppStatus::serving>(
              "serving",
              "With BlueGreen: how the set that serves is asked for, until the other one serves."),
          field<&AppStatus::handover>(
              "handover", "With BlueGreen: the volumes are on their way from set to set."),
          field<&AppStatus::machines>("machines", "Its Machines.", MapKey{"name"}),
          field<&AppStatus::url>(
              "url", "Where it answers: a host name when a proxy serves it, else its address."),
          field<&AppStatus::health>("health", "The last health probe."),
      });
}

}  // namespace gantry::api::v1alpha1
