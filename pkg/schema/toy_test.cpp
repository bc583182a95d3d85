#include "pkg/schema/toy_test.h"

namespace gantry::schema::toy {
namespace {

Problems check(const Limits& limits) {
  if (limits.low <= limits.high) return {};
  return {{"low", Reason::invalid, "must not be above high"}};
}

}  // namespace

TypeInfo describe(Type<Colour>) {
  return enumeration<Colour>("Colour", "A colour.", {"Red", "LightGreen"});
}
TypeInfo describe(Type<Port>) {
  return object<Port>("Port", "A port.",
                      {
                          field<&Port::name>("name", "Its name.", required, format::port_name),
                          field<&Port::port>("port", "Its number.", required, Range{1, 65535}),
                      });
}
TypeInfo describe(Type<Limits>) {
  return checked<Limits, &check>(object<Limits>("Limits", "Bounds.",
                                                {
                                                    field<&Limits::high>("high", "The upper."),
                                                    field<&Limits::low>("low", "The lower."),
                                                }));
}
TypeInfo describe(Type<Choice>) {
  return one_of(object<Choice>("Choice", "One of two.",
                               {
                                   field<&Choice::left>("left", "One.", format::ip),
                                   field<&Choice::right>("right", "The other."),
                               }),
                {OneOf::Count::at_most_one, {"left", "right"}});
}
TypeInfo describe(Type<Toy>) {
  auto info = object<Toy>(
      "Toy", "A toy.",
      {
          field<&Toy::title>("title", "What it is called.", required, immutable, Length{1, 10}),
          field<&Toy::count>("count", "How many.", Range{0, 100},
                             OnChange{"they are counted anew"}),
          field<&Toy::quick>("quick", "Whether it is quick."),
          field<&Toy::colour>("colour", "Its colour."),
          field<&Toy::memory>("memory", "Its memory.", Range{16 << 20, 8LL << 30}),
          field<&Toy::wait>("waitSeconds", "How long to wait.", Range{1, 60}),
          field<&Toy::since>("since", "Since when."),
          field<&Toy::share>("share", "How much.", Range{0, 1}),
          field<&Toy::ports>("ports", "Its ports.", MapKey{"name"}, Items{0, 3}),
          field<&Toy::tags>("tags", "Its tags.", set, format::dns_label),
          field<&Toy::labels>("labels", "Its labels.", format::label_value,
                              Keys{format::qualified_name}),
          field<&Toy::limits>("limits", "Its bounds.", OnChange{"it is stopped"}),
          field<&Toy::extra>("extra", "More bounds.", immutable),
          field<&Toy::choice>("choice", "A choice."),
          field<&Toy::passwords>("passwords", "Its passwords.", secret, format::base64),
          field<&Toy::uid>("uid", "Its id."),
          field<&Toy::seen>("seen", "How often it was seen.", always),
          field<&Toy::anything>("anything", "Anything."),
      });
  return reserved(std::move(info), {{"wings", "it cannot fly yet; use wheels"}});
}

}  // namespace gantry::schema::toy
