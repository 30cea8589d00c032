/* A fungible token. Interface, reasons and events, byte by byte: README.md.
 *
 * Storage:   'o'                   owner, who may mint (32 bytes)
 *            's'                   total supply
 *            'b' holder            balance
 *            'a' holder spender    allowance
 *
 * The supply is the sum of the balances and fits a u128, so no balance can overflow. */
#include <aether.h>

enum method {
    METHOD_TRANSFER = 1,
    METHOD_APPROVE = 2,
    METHOD_TRANSFER_FROM = 3,
    METHOD_MINT = 4,
    METHOD_BURN = 5,

    METHOD_BALANCE_OF = 16,
    METHOD_ALLOWANCE = 17,
    METHOD_TOTAL_SUPPLY = 18,
    METHOD_OWNER = 19,
};

enum { INPUT_LEN_MAX = 1 + 32 + 32 + 16 }; /* transfer_from */

static const aether_address
    no_one; /* the zero address: where minted tokens come from and burnt ones go */

/* ---- Storage */

static aether_key owner_key(void) {
    aether_key key;
    aether_key_init(&key, 'o');
    return key;
}

static aether_key supply_key(void) {
    aether_key key;
    aether_key_init(&key, 's');
    return key;
}

static aether_key balance_key(const aether_address *holder) {
    aether_key key;
    aether_key_init(&key, 'b');
    aether_key_append(&key, holder, sizeof *holder);
    return key;
}

static aether_key allowance_key(const aether_address *holder, const aether_address *spender) {
    aether_key key;
    aether_key_init(&key, 'a');
    aether_key_append(&key, holder, sizeof *holder);
    aether_key_append(&key, spender, sizeof *spender);
    return key;
}

static aether_address owner(void) {
    const aether_key key = owner_key();
    aether_address address;
    AETHER_REQUIRE(aether_storage_read(&key, &address, sizeof address), "not initialised");
    return address;
}

/* Takes `amount` from what is stored under `key`. */
static void decrease(const aether_key *key, aether_u128 amount, const char *reason) {
    aether_u128 left;
    AETHER_REQUIRE(aether_u128_sub(aether_storage_read_u128(key), amount, &left), reason);
    aether_storage_write_u128(key, left);
}

static void increase(const aether_key *key, aether_u128 amount, const char *reason) {
    aether_u128 sum;
    AETHER_REQUIRE(aether_u128_add(aether_storage_read_u128(key), amount, &sum), reason);
    aether_storage_write_u128(key, sum);
}

/* ---- Events */

static void emit(const char *name, const aether_address *first, const aether_address *second,
    aether_u128 amount) {
    aether_event event;
    uint8_t data[16];
    aether_event_init(&event, name);
    aether_event_topic(&event, first);
    aether_event_topic(&event, second);
    aether_store_u128(data, amount);
    aether_event_emit(&event, data, sizeof data);
}

/* ---- Effects. A failing one reverts the whole call, so what was written before it doesn't matter.
 */

static void move(const aether_address *from, const aether_address *to, aether_u128 amount) {
    AETHER_REQUIRE(!aether_address_is_zero(to), "transfer to the zero address");
    const aether_key source = balance_key(from), target = balance_key(to);
    decrease(&source, amount, "insufficient balance");
    increase(&target, amount, "balance overflow");
    emit("Transfer", from, to, amount);
}

static void mint(const aether_address *to, aether_u128 amount) {
    AETHER_REQUIRE(!aether_address_is_zero(to), "mint to the zero address");
    const aether_key supply = supply_key(), balance = balance_key(to);
    increase(&supply, amount, "supply overflow");
    increase(&balance, amount, "balance overflow");
    emit("Transfer", &no_one, to, amount);
}

static void burn(const aether_address *from, aether_u128 amount) {
    const aether_key supply = supply_key(), balance = balance_key(from);
    decrease(&balance, amount, "insufficient balance");
    decrease(&supply, amount, "insufficient supply");
    emit("Transfer", from, &no_one, amount);
}

static void approve(
    const aether_address *holder, const aether_address *spender, aether_u128 amount) {
    const aether_key allowance = allowance_key(holder, spender);
    aether_storage_write_u128(&allowance, amount);
    emit("Approval", holder, spender, amount);
}

/* ---- Methods: decode every argument first, then act */

static void run_transfer(const aether_address *caller, aether_reader *input) {
    const aether_address to = aether_read_address(input);
    const aether_u128 amount = aether_read_u128(input);
    aether_read_end(input);
    move(caller, &to, amount);
}

static void run_approve(const aether_address *caller, aether_reader *input) {
    const aether_address spender = aether_read_address(input);
    const aether_u128 amount = aether_read_u128(input);
    aether_read_end(input);
    approve(caller, &spender, amount);
}

static void run_transfer_from(const aether_address *caller, aether_reader *input) {
    const aether_address from = aether_read_address(input);
    const aether_address to = aether_read_address(input);
    const aether_u128 amount = aether_read_u128(input);
    aether_read_end(input);
    const aether_key allowance = allowance_key(&from, caller);
    decrease(&allowance, amount, "insufficient allowance");
    move(&from, &to, amount);
}

static void run_mint(const aether_address *caller, aether_reader *input) {
    const aether_address to = aether_read_address(input);
    const aether_u128 amount = aether_read_u128(input);
    aether_read_end(input);
    const aether_address minter = owner();
    AETHER_REQUIRE(aether_address_equal(caller, &minter), "caller is not the owner");
    mint(&to, amount);
}

static void run_burn(const aether_address *caller, aether_reader *input) {
    const aether_u128 amount = aether_read_u128(input);
    aether_read_end(input);
    burn(caller, amount);
}

/* ---- Entry points */

AETHER_EXPORT(init) {
    uint8_t buffer[16];
    aether_reader input = aether_input(buffer, sizeof buffer);
    const aether_u128 supply = aether_read_u128(&input);
    const aether_address caller = aether_caller();
    const aether_key key = owner_key();
    aether_address previous;
    AETHER_REQUIRE(aether_value() == 0, "not payable");
    AETHER_REQUIRE(!aether_storage_read(&key, &previous, sizeof previous), "already initialised");
    aether_storage_write(&key, &caller, sizeof caller);
    mint(&caller, supply);
    return 0;
}

AETHER_EXPORT(execute) {
    uint8_t buffer[INPUT_LEN_MAX];
    aether_reader input = aether_input(buffer, sizeof buffer);
    const enum method method = aether_read_u8(&input);
    const aether_address caller = aether_caller();
    AETHER_REQUIRE(aether_value() == 0, "not payable");
    switch (method) {
    case METHOD_TRANSFER:
        run_transfer(&caller, &input);
        return 0;
    case METHOD_APPROVE:
        run_approve(&caller, &input);
        return 0;
    case METHOD_TRANSFER_FROM:
        run_transfer_from(&caller, &input);
        return 0;
    case METHOD_MINT:
        run_mint(&caller, &input);
        return 0;
    case METHOD_BURN:
        run_burn(&caller, &input);
        return 0;
    default:
        aether_revert("unknown method");
    }
}

static int32_t return_amount(const aether_key *key) {
    uint8_t bytes[16];
    aether_store_u128(bytes, aether_storage_read_u128(key));
    return aether_return(bytes, sizeof bytes);
}

static aether_key read_query_key(enum method method, aether_reader *input) {
    if (method == METHOD_BALANCE_OF) {
        const aether_address holder = aether_read_address(input);
        return balance_key(&holder);
    }
    if (method == METHOD_ALLOWANCE) {
        const aether_address holder = aether_read_address(input);
        const aether_address spender = aether_read_address(input);
        return allowance_key(&holder, &spender);
    }
    AETHER_REQUIRE(method == METHOD_TOTAL_SUPPLY, "unknown method");
    return supply_key();
}

AETHER_EXPORT(query) {
    uint8_t buffer[INPUT_LEN_MAX];
    aether_reader input = aether_input(buffer, sizeof buffer);
    const enum method method = aether_read_u8(&input);
    if (method == METHOD_OWNER) {
        aether_read_end(&input);
        const aether_address address = owner();
        return aether_return(&address, sizeof address);
    }
    const aether_key key = read_query_key(method, &input);
    aether_read_end(&input);
    return return_amount(&key);
}
