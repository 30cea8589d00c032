#include "base/alloc.h"
#include "base/assert.h"
#include "runtime/program.h"

#define EXECUTIONS_DEFAULT 16
#define ARENA_CHUNK_LEN ((size_t)32 << 10)
#define ARENA_LEN_MAX ((size_t)2 << 30)  // far above what a block's gas can write
#define HOST_STACK_LEN ((size_t)1 << 20) // for host functions below the contract's deepest frame

aether_status ae_runtime_create(
    const aether_engine_options *options, ae_runtime **out_runtime, aether_error *err) {
    const aether_schedule schedule =
        options->protocol != NULL ? options->protocol->schedule : AETHER_SCHEDULE_V1;
    ae_runtime *runtime = ae_alloc(1, sizeof *runtime);
    if (runtime == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "runtime");
    ae_mutex_init(&runtime->lock);
    ae_link_init(&runtime->link);
    runtime->schedule = ae_schedule_get(schedule);
    AE_ASSERT(runtime->schedule != NULL);
    runtime->executions_max =
        options->executions_max != 0 ? options->executions_max : EXECUTIONS_DEFAULT;
    const ae_engine_settings settings = {.compiler = options->compiler,
        .instances_max = runtime->executions_max,
        .imports = runtime->link.imports,
        .import_count = AE_LINK_COUNT,
        .cache_path = options->cache_path,
        .cache_key = options->cache_key};
    const aether_status status = ae_engine_create(&settings, &runtime->engine, err);
    if (status != AETHER_OK) {
        ae_runtime_destroy(runtime);
        return status;
    }
    *out_runtime = runtime;
    return AETHER_OK;
}

static void destroy_workspace(ae_workspace *workspace) {
    ae_arena_deinit(&workspace->arena);
    ae_stack_unmap(&workspace->stack);
    ae_free(workspace);
}

void ae_runtime_destroy(ae_runtime *runtime) {
    if (runtime == NULL)
        return;
    AE_ASSERT(runtime->programs == NULL);
    while (runtime->idle != NULL) {
        ae_workspace *next = runtime->idle->next;
        destroy_workspace(runtime->idle);
        runtime->idle = next;
    }
    ae_engine_destroy(runtime->engine);
    ae_mutex_deinit(&runtime->lock);
    ae_free(runtime);
}

static aether_status create_workspace(ae_workspace **out_workspace, aether_error *err) {
    ae_workspace *workspace = ae_alloc(1, sizeof *workspace);
    if (workspace == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "workspace of an execution");
    ae_arena_init(&workspace->arena, ARENA_CHUNK_LEN, ARENA_LEN_MAX);
    const aether_status status =
        ae_stack_map(AE_NATIVE_STACK_LEN + HOST_STACK_LEN, &workspace->stack, err);
    if (status != AETHER_OK) {
        destroy_workspace(workspace);
        return status;
    }
    *out_workspace = workspace;
    return AETHER_OK;
}

aether_status ae_workspace_take(
    ae_runtime *runtime, ae_workspace **out_workspace, aether_error *err) {
    ae_mutex_lock(&runtime->lock);
    ae_workspace *workspace = runtime->idle;
    const bool may_create = workspace == NULL && runtime->workspace_count < runtime->executions_max;
    if (workspace != NULL)
        runtime->idle = workspace->next;
    else if (may_create)
        runtime->workspace_count++;
    ae_mutex_unlock(&runtime->lock);
    if (workspace != NULL) {
        *out_workspace = workspace;
        return AETHER_OK;
    }
    if (!may_create)
        return ae_fail(err, AETHER_WRONG_STATE,
            "%u executions are running at the same time, as many as executions_max allows",
            runtime->executions_max);
    const aether_status status = create_workspace(out_workspace, err);
    if (status != AETHER_OK) {
        ae_mutex_lock(&runtime->lock);
        runtime->workspace_count--;
        ae_mutex_unlock(&runtime->lock);
    }
    return status;
}

void ae_workspace_give(ae_runtime *runtime, ae_workspace *workspace) {
    ae_arena_reset(&workspace->arena);
    ae_mutex_lock(&runtime->lock);
    workspace->next = runtime->idle;
    runtime->idle = workspace;
    ae_mutex_unlock(&runtime->lock);
}
