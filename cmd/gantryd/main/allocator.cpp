// How jemalloc behaves in this process; it looks for a variable of this name.
//
// Two arenas: one thread does almost everything, and each arena keeps what was freed in it. A
// thread of the allocator's own gives pages back a second after they were freed, also when nothing
// else happens: a storm of large lists must not be remembered in memory.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true,narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0";
}
