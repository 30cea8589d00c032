/* Comes with the module. */
typedef int ae_ledger_module;
