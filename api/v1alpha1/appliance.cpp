#include "api/v1alpha1/appliance.h"

#include "api/v1alpha1/columns.h"
#include "pkg/base/ipv4.h"
#include "pkg/base/text.h"

namespace gantry::api::v1alpha1 {

using namespace schema;

namespace {

// Room for a gateway and at least one guest, and no more leases than one file should hold.
constexpr int kLongestPrefix = 29;
constexpr int kShortestPrefix = 16;

Problem wrong(std::string path, std::string right) {
  return {std::move(path), Reason::invalid, std::move(right)};
}

Problems check_addresses(const ApplianceNetwork& spec) {
  const auto network = parse_ipv4_network(spec.cidr);
  if (!network || network->address != network->first())
    return {wrong("cidr", "must be an IPv4 network, such as 10.20.0.0/24")};
  if (network->prefix < kShortestPrefix || network->prefix > kLongestPrefix)
    return {wrong("cidr", absl::StrFormat("must have a prefix length from %d to %d",
                                          kShortestPrefix, kLongestPrefix))};
  Problems problems;
  const auto host = [&](const std::string& path, const std::string& text) {
    const auto address = parse_ipv4(text);
    if (address && network->has_host(*address)) return address;
    problems.push_back(wrong(path, "must be an address of a host in " + spec.cidr));
    return std::optional<Ipv4>();
  };
  const auto gateway = host("gateway", spec.gateway);
  const auto from = host("dhcp.range.from", spec.dhcp.range.from);
  const auto to = host("dhcp.range.to", spec.dhcp.range.to);
  if (!gateway || !from || !to) return problems;
  if (*to < *from) problems.push_back(wrong("dhcp.range.to", "must not be below dhcp.range.from"));
  if (*from <= *gateway && *gateway <= *to)
    problems.push_back(wrong("dhcp.range", "must leave out the gateway, " + spec.gateway));
  const auto uplink = parse_ipv4_network(spec.uplink.ip);
  if (uplink && network->contains(uplink->address))
    problems.push_back(wrong(
        "uplink.ip", "must not be in " + spec.cidr + ": nothing could be sent the right way"));
  return problems;
}

Problems check(const ApplianceNetwork& spec) {
  auto problems = check_addresses(spec);
  if (spec.uplink.bridge == spec.bridge)
    problems.push_back(wrong("uplink.bridge", "must be another bridge than network.bridge"));
  return problems;
}

// Its name server has the one, for TCP, too.
constexpr int kDnsPort = 53;

Problems check(const ApplianceProxy& proxy) {
  Problems problems;
  if (proxy.http == proxy.https)
    problems.push_back(wrong("https", "must be another port than http"));
  for (const auto& [path, port] : {std::pair("http", proxy.http), std::pair("https", proxy.https)})
    if (port == kDnsPort)
      problems.push_back(wrong(path, "must not be 53: the Appliance's name server has it"));
  return problems;
}

Problems check(const Uplink& uplink) {
  if (uplink.ip == "dhcp" && uplink.gateway)
    return {{"gateway", Reason::forbidden, "must not be set with ip: dhcp, which brings its own"}};
  return {};
}

}  // namespace

TypeInfo describe(Type<ApplianceType>) {
  return enumeration<ApplianceType>("ApplianceType", "What the container does.", {"Network"});
}

TypeInfo describe(Type<AddressRange>) {
  return object<AddressRange>(
      "AddressRange", "Addresses from one to another, both included.",
      {
          field<&AddressRange::from>("from", "The first.", required, format::ip),
          field<&AddressRange::to>("to", "The last.", required, format::ip),
      });
}

TypeInfo describe(Type<ApplianceDhcp>) {
  return object<ApplianceDhcp>(
      "ApplianceDhcp", "How guests get their addresses.",
      {
          field<&ApplianceDhcp::range>(
              "range", "The addresses given out; every Machine keeps the one that it got.",
              required),
          field<&ApplianceDhcp::lease>("leaseSeconds", "How long a guest may use one unasked.",
                                       Range{120, 604'800}),
      });
}

TypeInfo describe(Type<ApplianceDns>) {
  return object<ApplianceDns>(
      "ApplianceDns", "Names in the network.",
      {
          field<&ApplianceDns::domain>("domain", "Machines are called NAME.NAMESPACE.domain.",
                                       required, format::dns_subdomain, Example{"apps.lan"}),
          field<&ApplianceDns::forwarders>(
              "forwarders", "Who is asked for all other names; the uplink's servers when empty.",
              format::ip, Items{0, 8}, set),
      });
}

TypeInfo describe(Type<ProxyTls>) {
  return enumeration<ProxyTls>(
      "ProxyTls",
      "Internal: certificates from an authority of the appliance's own. None: HTTP only.",
      {"Internal", "None"});
}

TypeInfo describe(Type<ApplianceProxy>) {
  return checked<ApplianceProxy, &check>(object<ApplianceProxy>(
      "ApplianceProxy", "The reverse proxy for Apps that are exposed.",
      {
          field<&ApplianceProxy::http>("http", "Its port for HTTP.", Range{1, 65535}),
          field<&ApplianceProxy::https>("https", "Its port for HTTPS.", Range{1, 65535}),
          field<&ApplianceProxy::tls>("tls", "Where certificates come from."),
      }));
}

TypeInfo describe(Type<Uplink>) {
  return checked<Uplink, &check>(object<Uplink>(
      "Uplink", "The appliance's way out.",
      {
          field<&Uplink::bridge>("bridge", "The node's bridge that it is plugged into.", required,
                                 format::bridge, Example{"vmbr0"}),
          field<&Uplink::ip>("ip",
                             "dhcp, or an address with its prefix length, which one container of "
                             "the cluster has on this bridge and VLAN: another is refused.",
                             format::ipv4_or_dhcp),
          field<&Uplink::gateway>("gateway", "The default route's address.", format::ipv4),
          field<&Uplink::vlan>("vlan", "VLAN tag.", Range{1, 4094}),
      }));
}

TypeInfo describe(Type<ApplianceNetwork>) {
  return checked<ApplianceNetwork, &check>(object<ApplianceNetwork>(
      "ApplianceNetwork", "The network that it makes.",
      {
          field<&ApplianceNetwork::bridge>("bridge", "The bridge that Apps are plugged into.",
                                           required, immutable, format::bridge,
                                           Example{"gantry-lan"}),
          field<&ApplianceNetwork::cidr>("cidr", "Its addresses.", required, immutable,
                                         format::cidr, Example{"10.20.0.0/24"}),
          field<&ApplianceNetwork::gateway>("gateway", "The appliance's own address in it.",
                                            required, immutable, format::ip, Example{"10.20.0.1"}),
          field<&ApplianceNetwork::uplink>("uplink", "Its way out.", required),
          field<&ApplianceNetwork::nat>("nat",
                                        "Whether guests reach what lies behind the uplink under "
                                        "the appliance's address."),
          field<&ApplianceNetwork::dhcp>("dhcp", "How guests get their addresses.", required),
          field<&ApplianceNetwork::dns>("dns", "Names in the network.", required),
          field<&ApplianceNetwork::proxy>("proxy", "The reverse proxy; none when absent."),
      }));
}

TypeInfo describe(Type<ApplianceSpec>) {
  return object<ApplianceSpec>(
      "ApplianceSpec", "A container that gives Apps a network of their own.",
      {
          field<&ApplianceSpec::type>("type", "What it does.", immutable),
          field<&ApplianceSpec::machine_class_name>("machineClassName",
                                                    "The MachineClass of its container.", required,
                                                    immutable, format::dns_subdomain),
          field<&ApplianceSpec::vmid>("vmid",
                                      "Give its container this id, which may lie outside the "
                                      "cluster's vmidRange; one of the range when absent.",
                                      immutable, Range{100, 999'999'999}),
          field<&ApplianceSpec::network>("network", "The network that it makes.", required),
      });
}

TypeInfo describe(Type<ApplianceLease>) {
  return object<ApplianceLease>(
      "ApplianceLease", "One Machine's place in the network.",
      {
          field<&ApplianceLease::ns>("namespace", "The Machine's namespace.", required),
          field<&ApplianceLease::machine>("machine", "The Machine's name.", required),
          field<&ApplianceLease::uid>("uid", "The Machine's uid.", required),
          field<&ApplianceLease::mac>("mac", "Its MAC address there.", required, format::mac),
          field<&ApplianceLease::address>("address", "Its address.", required, format::ip),
          field<&ApplianceLease::served>("served",
                                         "Whether the Appliance's container gives it out.", always),
          field<&ApplianceLease::released_at>(
              "releasedAt", "When the Machine went; its address rests for a day after that."),
      });
}

TypeInfo describe(Type<ApplianceRoute>) {
  return object<ApplianceRoute>(
      "ApplianceRoute", "A host name that the proxy serves.",
      {
          field<&ApplianceRoute::host>("host", "The name.", required),
          field<&ApplianceRoute::ns>("namespace", "The App's namespace.", required),
          field<&ApplianceRoute::app>("app", "The App's name.", required),
          field<&ApplianceRoute::upstreams>("upstreams", "Where it leads to, as address:port."),
          field<&ApplianceRoute::tls>("tls", "Whether it is served over HTTPS.", always),
          field<&ApplianceRoute::message>("message", "Why it is not served."),
          field<&ApplianceRoute::refusing>(
              "refusing", "Upstreams that the proxy cannot connect to, and what they do."),
          field<&ApplianceRoute::served_since>(
              "servedSince", "Since when the proxy is known to serve it, exactly so."),
      });
}

TypeInfo describe(Type<ApplianceBridge>) {
  return object<ApplianceBridge>(
      "ApplianceBridge", "The network's bridge on one node.",
      {
          field<&ApplianceBridge::node>("node", "The node.", required),
          field<&ApplianceBridge::ready>("ready", "Whether it is there.", always),
          field<&ApplianceBridge::local>(
              "local", "Whether it reaches no other node: then Machines go to this one.", always),
          field<&ApplianceBridge::message>("message", "What is missing, and who can add it."),
      });
}

TypeInfo describe(Type<ApplianceStatus>) {
  return object<ApplianceStatus>(
      "ApplianceStatus", "What was last seen of an Appliance.",
      {
          field<&ApplianceStatus::conditions>(
              "conditions",
              "Ready, BridgeReady, ContainerReady, NATReady, DHCPReady, DNSReady, ProxyReady, "
              "Reconciling, Stalled, Deleting.",
              MapKey{"type"}),
          field<&ApplianceStatus::observed_generation>(
              "observedGeneration", "The generation of the spec that this status is about."),
          field<&ApplianceStatus::machine>("machine", "Its Machine."),
          field<&ApplianceStatus::vmid>("vmid", "Its container's id."),
          field<&ApplianceStatus::node>("node", "Where its container was last seen."),
          field<&ApplianceStatus::uplink_address>("uplinkAddress", "Its address on the uplink."),
          field<&ApplianceStatus::bridges>("bridges", "Its bridge on each node that needs one.",
                                           MapKey{"node"}),
          field<&ApplianceStatus::leases>("leases", "Who has which address.", MapKey{"uid"}),
          field<&ApplianceStatus::routes>("routes", "What the proxy serves.", MapKey{"host"}),
          field<&ApplianceStatus::certificate_authority>(
              "certificateAuthority",
              "Whoever trusts this certificate (PEM) trusts what the proxy serves."),
      });
}

TypeInfo describe(Type<Appliance>) {
  return object<Appliance>(
      "Appliance",
      "A network of its own for Apps: bridge, NAT, DHCP, DNS and a reverse proxy, in one "
      "container.",
      {
          field<&Appliance::api_version>("apiVersion", "gantry.dev/v1alpha1."),
          field<&Appliance::kind>("kind", "Appliance."),
          field<&Appliance::metadata>("metadata", "What every object has."),
          field<&Appliance::spec>("spec", "What is wanted.", required),
          field<&Appliance::status>("status", "What was last seen."),
      });
}

meta::Kind appliance_kind() {
  return {.group = "gantry.dev",
          .version = "v1alpha1",
          .kind = "Appliance",
          .plural = "appliances",
          .singular = "appliance",
          .short_names = {"apl"},
          .categories = {"gantry"},
          .namespaced = true,
          .has_status = true,
          .type = &type_of<Appliance>,
          .columns =
              {
                  ready_column(),
                  {"Cidr", "string", "The addresses of its network.", "spec.network.cidr"},
                  {"Gateway", "string", "Its own address there.", "spec.network.gateway"},
                  {"Vmid", "integer", "Its container's id.", "status.vmid"},
                  {"Node", "string", "Where its container was last seen.", "status.node"},
                  {"Uplink", "string", "Its address on the uplink.", "status.uplinkAddress"},
                  reason_column(),
                  {"Bridge", "string", "The bridge that Apps are plugged into.",
                   "spec.network.bridge", 1},
                  message_column(),
              },
          .check_update = nullptr};
}

}  // namespace gantry::api::v1alpha1
