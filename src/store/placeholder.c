/* Comes with the module. */
typedef int ae_store_module;
