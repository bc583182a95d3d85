#pragma once
// App: what runs, and how many of it.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/meta/condition.h"
#include "api/meta/kind.h"
#include "api/meta/types.h"
#include "api/v1alpha1/network.h"
#include "api/v1alpha1/snapshot.h"
#include "api/v1alpha1/volume.h"
#include "api/v1alpha1/workload.h"

namespace gantry::api::v1alpha1 {

enum class Protocol { tcp, udp };
struct AppPort {
  std::string name;
  int port = 0;
  Protocol protocol = Protocol::tcp;
};
struct EnvVar {
  std::string name;
  std::string value;
  std::optional<meta::ValueSource> value_from;
};
// A file that is written into the container; content, configMapKeyRef or secretKeyRef.
struct AppFile {
  std::string path;
  std::optional<std::string> content;
  std::optional<meta::KeyReference> config_map_key_ref;
  std::optional<meta::KeyReference> secret_key_ref;
  std::optional<std::string> mode;  // absent: 0600 for a Secret's, else 0644
  std::string owner = "root:root";  // user or user:group
};
// A port by number or by the name of one of spec.ports.
struct PortRef {
  std::string name;
  int number = 0;  // 0: by name
};
struct HttpProbe {
  std::string path = "/";
  PortRef port;
};
struct TcpProbe {
  PortRef port;
};
struct Health {
  std::optional<HttpProbe> http;  // one of http and tcp
  std::optional<TcpProbe> tcp;
  std::chrono::seconds startup{120};
  std::chrono::seconds interval{10};
  std::chrono::seconds timeout{5};
  int failure_threshold = 3;
};
// How a changed workload reaches the containers.
enum class UpdateStrategy { rolling, recreate, blue_green };
enum class OnFailure { rollback, hold };
enum class UpdateSnapshot { when_possible, never };
struct Update {
  UpdateStrategy strategy = UpdateStrategy::rolling;
  int max_unavailable = 1;
  std::chrono::seconds bake{10};
  OnFailure on_failure = OnFailure::rollback;
  UpdateSnapshot snapshot = UpdateSnapshot::when_possible;
};
enum class ExposeTls { internal, none };
// A host name under which an Appliance's proxy serves one of the ports.
struct Expose {
  std::string host;
  PortRef port;
  ExposeTls tls = ExposeTls::internal;
};
enum class VolumesOnDeletion { retain, remove };  // "Retain", "Delete"
struct AppDeletion {
  VolumesOnDeletion volumes = VolumesOnDeletion::retain;
};
// What must answer before this App is started or updated; in its own namespace.
enum class DependencyKind { app };
struct Dependency {
  DependencyKind kind = DependencyKind::app;
  std::string name;
};
struct AppSpec {
  std::string machine_class_name;
  int replicas = 1;
  Workload workload;
  std::vector<AppPort> ports;
  std::vector<EnvVar> env;
  std::vector<AppFile> files;
  std::vector<Volume> volumes;  // of each replica
  AppDeletion deletion;
  std::vector<Expose> expose;
  std::optional<Health> health;
  std::optional<Update> update;
  std::vector<Dependency> depends_on;
  std::vector<Network> networks;  // empty: those of the class
  bool suspend = false;
  std::optional<AppRestore> restore;
  std::optional<Time> restarted_at;
};

enum class ProbeSource { daemon, guest };
struct AppHealth {
  std::optional<ProbeSource> from;
  std::optional<Time> last_probe_at;
  std::string message;
};
// Which of the two sets of Machines that BlueGreen takes turns with.
enum class Slot { blue, green };
struct AppMachine {
  std::string name;
  Slot slot = Slot::blue;
  std::optional<int64_t> vmid;
  std::string node;
  std::string address;
  bool ready = false;
  std::string step;
  int step_number = 0;  // from 1, of step_count; 0: no bootstrap is under way
  int step_count = 0;
  std::string message;
  std::string output;  // the last line that the step's command has written
  std::string code;    // of the failure catalogue, or empty
  std::optional<Time> step_started_at;
  std::string url;
  std::string revision;         // of the workload that was last put into it
  std::string target;           // of the one that it is to run
  std::string failed_revision;  // that it could not run
  std::string prepared;         // all is there to run that one but its volumes
  std::optional<Time> well_since;
  std::string snapshot;  // that is taken before its next revision
  std::optional<Time> snapshot_asked_at;
  std::string restored;  // id of the last restore that was done or refused
  AppHealth health;
  int failures = 0;  // probes that failed in a row
  std::optional<Time> unknown_since;
};
enum class RevisionState { progressing, good, superseded, rolled_back };
// The image that a service ran, by its digest.
struct RevisionImage {
  std::string service;
  std::string image;
  std::string digest;
};
struct AppRevision {
  int number = 0;
  std::string revision;
  std::optional<Time> created_at;
  RevisionState state = RevisionState::progressing;
  std::string message;
  std::vector<RevisionSnapshot> snapshots = {};  // its data, as it has left it
  std::vector<RevisionImage> images = {};
};
// What belongs to the version that serves, while the spec is about another one beside it.
struct AppServing {
  std::vector<AppPort> ports;
  std::optional<Health> health;
};
// Volumes go from one set of Machines to the other.
struct AppHandover {
  std::string revision;  // for which they were to change sets
  Slot to = Slot::blue;  // the set that they go to now: where requests wait
  std::optional<Time> started_at;
  std::optional<Time> stopped_at;  // when the other set was told to stop; absent: it serves
};
struct AppStatus {
  meta::Conditions conditions;
  int64_t observed_generation = 0;
  int replicas = 0;
  int ready_replicas = 0;
  std::string selector;          // of its Machines, for the scale subresource
  std::string revision;          // of the workload in spec
  std::string current_revision;  // the last that has proven good
  std::string failed_revision;   // what was rolled back, while the spec asks for it
  std::vector<AppRevision> revisions;
  std::optional<Slot> active_slot;    // of the Machines that serve; absent: blue
  std::optional<Time> switched_at;    // absent: those that served before are gone
  std::optional<AppServing> serving;  // with BlueGreen
  std::optional<AppHandover> handover;
  std::vector<AppMachine> machines;
  std::string url;
  AppHealth health;
};
struct App {
  std::string api_version = "gantry.dev/v1alpha1";
  std::string kind = "App";
  meta::ObjectMeta metadata;
  AppSpec spec;
  AppStatus status;
};

schema::TypeInfo describe(schema::Type<Protocol>);
schema::TypeInfo describe(schema::Type<AppPort>);
schema::TypeInfo describe(schema::Type<EnvVar>);
schema::TypeInfo describe(schema::Type<AppFile>);
schema::TypeInfo describe(schema::Type<PortRef>);
schema::TypeInfo describe(schema::Type<UpdateStrategy>);
schema::TypeInfo describe(schema::Type<OnFailure>);
schema::TypeInfo describe(schema::Type<UpdateSnapshot>);
schema::TypeInfo describe(schema::Type<Update>);
schema::TypeInfo describe(schema::Type<RevisionState>);
schema::TypeInfo describe(schema::Type<RevisionImage>);
schema::TypeInfo describe(schema::Type<AppRevision>);
schema::TypeInfo describe(schema::Type<ExposeTls>);
schema::TypeInfo describe(schema::Type<Expose>);
schema::TypeInfo describe(schema::Type<VolumesOnDeletion>);
schema::TypeInfo describe(schema::Type<AppDeletion>);
schema::TypeInfo describe(schema::Type<DependencyKind>);
schema::TypeInfo describe(schema::Type<Dependency>);
schema::TypeInfo describe(schema::Type<HttpProbe>);
schema::TypeInfo describe(schema::Type<TcpProbe>);
schema::TypeInfo describe(schema::Type<Health>);
schema::TypeInfo describe(schema::Type<AppSpec>);
schema::TypeInfo describe(schema::Type<ProbeSource>);
schema::TypeInfo describe(schema::Type<AppHealth>);
schema::TypeInfo describe(schema::Type<Slot>);
schema::TypeInfo describe(schema::Type<AppMachine>);
schema::TypeInfo describe(schema::Type<AppServing>);
schema::TypeInfo describe(schema::Type<AppHandover>);
schema::TypeInfo describe(schema::Type<AppStatus>);
schema::TypeInfo describe(schema::Type<App>);
meta::Kind app_kind();

// The number behind a reference; 0 when no port has that name.
int port_number(const AppSpec& spec, const PortRef& ref);

// The same, of the version that serves.
int serving_port(const App& app, const PortRef& ref);

// The set that serves, or is to.
Slot active_slot(const App& app);
bool is_serving(const App& app, const AppMachine& machine);
// It is of the set that requests are sent to: the same, but while volumes are handed over.
bool is_led_to(const App& app, const AppMachine& machine);

}  // namespace gantry::api::v1alpha1
