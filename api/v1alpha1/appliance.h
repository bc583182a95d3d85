#pragma once
// Appliance: a network for Apps, made by one container.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/meta/condition.h"
#include "api/meta/kind.h"
#include "api/meta/types.h"
#include "api/v1alpha1/network.h"

namespace gantry::api::v1alpha1 {

enum class ApplianceType { network };
struct AddressRange {
  std::string from;
  std::string to;
};
struct ApplianceDhcp {
  AddressRange range;
  std::chrono::seconds lease{3600};
};
struct ApplianceDns {
  std::string domain;
  std::vector<std::string> forwarders;  // empty: those that the uplink brings
};
enum class ProxyTls { internal, none };
struct ApplianceProxy {
  int http = 80;
  int https = 443;
  ProxyTls tls = ProxyTls::internal;
};
// The way out.
struct Uplink {
  std::string bridge;
  std::string ip = "dhcp";
  std::optional<std::string> gateway;
  std::optional<int> vlan;
};
struct ApplianceNetwork {
  std::string bridge;
  std::string cidr;
  std::string gateway;  // the appliance's own address in it
  Uplink uplink;
  bool nat = true;
  ApplianceDhcp dhcp;
  ApplianceDns dns;
  std::optional<ApplianceProxy> proxy;  // absent: no proxy
};
struct ApplianceSpec {
  ApplianceType type = ApplianceType::network;
  std::string machine_class_name;
  std::optional<int64_t> vmid;
  ApplianceNetwork network;
};

// One Machine's place in the network: the one source for its MAC, address and name.
struct ApplianceLease {
  std::string ns;
  std::string machine;
  Uid uid;  // of the Machine
  std::string mac;
  std::string address;
  bool served = false;              // the Appliance's container knows it
  std::optional<Time> released_at;  // the Machine is gone; kept until its address may be used again
};
// One host name of the proxy.
struct ApplianceRoute {
  std::string host;
  std::string ns;
  std::string app;
  std::vector<std::string> upstreams;  // address:port
  bool tls = true;
  std::string message;                // why it is not served
  std::vector<std::string> refusing;  // of the upstreams: "10.20.0.101:80 refuses the connection"
  std::optional<Time> served_since;   // the proxy has it, exactly so
};
struct ApplianceBridge {
  std::string node;
  bool ready = false;
  bool local = false;  // it reaches no other node
  std::string message;
};
struct ApplianceStatus {
  meta::Conditions conditions;
  int64_t observed_generation = 0;
  std::string machine;  // its Machine's name, in its own namespace
  std::optional<int64_t> vmid;
  std::string node;
  std::string uplink_address;
  std::vector<ApplianceBridge> bridges;
  std::vector<ApplianceLease> leases;
  std::vector<ApplianceRoute> routes;
  std::string certificate_authority;  // of the proxy, PEM
};
struct Appliance {
  std::string api_version = "gantry.dev/v1alpha1";
  std::string kind = "Appliance";
  meta::ObjectMeta metadata;
  ApplianceSpec spec;
  ApplianceStatus status;
};

schema::TypeInfo describe(schema::Type<ApplianceType>);
schema::TypeInfo describe(schema::Type<AddressRange>);
schema::TypeInfo describe(schema::Type<ApplianceDhcp>);
schema::TypeInfo describe(schema::Type<ApplianceDns>);
schema::TypeInfo describe(schema::Type<ProxyTls>);
schema::TypeInfo describe(schema::Type<ApplianceProxy>);
schema::TypeInfo describe(schema::Type<Uplink>);
schema::TypeInfo describe(schema::Type<ApplianceNetwork>);
schema::TypeInfo describe(schema::Type<ApplianceSpec>);
schema::TypeInfo describe(schema::Type<ApplianceLease>);
schema::TypeInfo describe(schema::Type<ApplianceRoute>);
schema::TypeInfo describe(schema::Type<ApplianceBridge>);
schema::TypeInfo describe(schema::Type<ApplianceStatus>);
schema::TypeInfo describe(schema::Type<Appliance>);
meta::Kind appliance_kind();

}  // namespace gantry::api::v1alpha1
