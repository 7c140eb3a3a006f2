// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Types of the relay
interface IRelayTypes {
    /// @notice What an account signs (EIP-712) so that anybody can carry it out at its own cost of gas.
    /// @param from Account that signs and for which the call is made.
    /// @param target The market, the registry, the qualification contract, the committee or the relay itself.
    /// @param gas Gas the call is given: no less, so that a relayer cannot starve it, and no more.
    /// @param nonce Any number the account has not used yet; numbers need not follow each other, so no action waits for another.
    /// @param deadline Last second, Unix time, in which the action can be carried out.
    /// @param data The call.
    struct Action {
        address from;
        address target;
        uint256 gas;
        uint256 nonce;
        uint256 deadline;
        bytes data;
    }
}

/// @title Errors of the relay
interface IRelayErrors {
    /// @notice Only the market, the registry, the qualification contract, the committee and the relay itself can be called.
    error UnknownTarget(address target);
    /// @notice A submitter key cannot do this: it can act for seats, not move money, seats or ownership.
    error NotAnAct(address target, bytes4 selector);
    /// @notice The key is not a submitter key of the operator now.
    error NotSubmitter(address operator, address key);
    /// @notice A submitter key is named for some time from now, at most a year.
    error InvalidTerm(uint256 have, uint256 least, uint256 most);
    /// @notice The action's deadline is over.
    error ActionExpired(uint256 have, uint256 deadline);
    /// @notice The nonce was used or cancelled.
    error NonceUsed(address account, uint256 nonce);
    /// @notice The signature is not the account's.
    error InvalidSignature(address account);
    /// @notice Too little gas is left to give the call what its signer asked for.
    error ActionNeedsGas(uint256 have, uint256 want);
    /// @notice Each action needs its signature.
    error LengthMismatch(uint256 actions, uint256 signatures);
}

/// @title Events of the relay
interface IRelayEvents {
    /// @notice An operator named a submitter key until `until`, or took it back (zero).
    event SubmitterNamed(address indexed operator, address indexed key, uint256 until);
    /// @notice A signed action was carried out, or cancelled by its account.
    event NonceSpent(address indexed account, uint256 nonce, bool cancelled);
    /// @notice An action of a batch was not carried out; its nonce is unspent. `reason` is the first 256 bytes of the error.
    event ActionFailed(address indexed account, uint256 nonce, bytes reason);
}

/// @title Relay: calls for others
/// @notice The one contract that market, registry, qualification and committee trust to name another account as the caller (ERC-2771). It
/// does so for an account that signed the call, and for an operator whose submitter key makes the call.
interface IRelay is IRelayTypes, IRelayErrors, IRelayEvents {
    /// @notice Names a key that can act for the caller's seats until `until`, and again to change the time.
    /// @param key Account of the key.
    /// @param until Last second, Unix time, in which it can act; after now, at most a year from now.
    function nameSubmitter(address key, uint256 until) external;

    /// @notice Takes a submitter key back at once.
    /// @param key Account of the key.
    function revokeSubmitter(address key) external;

    /// @notice Makes a nonce of the caller useless, and with it the action signed with it.
    /// @param nonce The nonce.
    function cancelNonce(uint256 nonce) external;

    /// @notice Acts for `operator` with one of its submitter keys. Reverts with the error of the call.
    /// @param operator Account that named the caller.
    /// @param target The market or the qualification contract.
    /// @param data The call; one of the acts that {isAct} knows.
    /// @return result What the call returned.
    function act(address operator, address target, bytes calldata data) external returns (bytes memory result);

    /// @notice Makes several acts for `operator` in the market; one that fails is reported there and its neighbours go on.
    /// @param operator Account that named the caller.
    /// @param calls The calls; each one of the acts that {isAct} knows.
    /// @return done Whether each succeeded.
    function actMany(address operator, bytes[] calldata calls) external returns (bool[] memory done);

    /// @notice Carries out a signed action; anybody may. Reverts with the error of the call, and then the nonce stays unspent.
    /// @param action See {Action}.
    /// @param signature Of the account's key, or what its code accepts (ERC-1271).
    /// @return result What the call returned.
    function execute(Action calldata action, bytes calldata signature) external returns (bytes memory result);

    /// @notice Carries out several signed actions; one that fails is reported and its neighbours go on.
    /// @param actions See {Action}.
    /// @param signatures One for each action.
    /// @return done Whether each was carried out.
    function executeMany(Action[] calldata actions, bytes[] calldata signatures) external returns (bool[] memory done);

    /// @notice Whether a submitter key may make this call.
    /// @param target Contract called.
    /// @param selector Function called.
    /// @return True for acts of a seat and of a keeper.
    function isAct(address target, bytes4 selector) external view returns (bool);

    /// @notice Until when a submitter key can act.
    /// @param operator Account that named it.
    /// @param key The key.
    /// @return Unix time; zero when it was never named or was taken back.
    function submitterUntil(address operator, address key) external view returns (uint256);

    /// @notice Whether a nonce was used or cancelled.
    /// @param account Account.
    /// @param nonce The nonce.
    /// @return True when no action can use it any more.
    function isNonceUsed(address account, uint256 nonce) external view returns (bool);

    /// @notice What an account signs for an action: the EIP-712 digest for this chain and this relay.
    /// @param action See {Action}.
    /// @return The digest.
    function digestOf(Action calldata action) external view returns (bytes32);
}
