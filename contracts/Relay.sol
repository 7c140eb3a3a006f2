// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC2771Context} from "@openzeppelin/contracts/metatx/ERC2771Context.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IMarketCore, IMarketExtension} from "./interfaces/IMarket.sol";
import {IQualification} from "./interfaces/IQualification.sol";
import {IRelay} from "./interfaces/IRelay.sol";
import {ForeignCall} from "./libraries/ForeignCall.sol";

/// @title The relay of signed actions and submitter keys
/// @notice POWER. Market, registry, qualification and committee believe the twenty bytes this contract appends to a call. It appends the
/// signer of the action, or the operator that named the calling key, and nothing else; a key is held to {isAct}.
/// LIVENESS. Nonces are a bitmap without order. A call that fails leaves its nonce unspent, and a call gets the gas its
/// signer asked for whoever relays it, so a relayer can neither block an action nor use it up.
/// MONEY. Holds none and is approved for none. It has no owner and nothing in it can be changed.
/// @dev Trusts itself as a forwarder, so that a signed action can also name, take back and use submitter keys.
contract Relay is IRelay, EIP712, ERC2771Context {
    /// @notice Longest time a submitter key is named for: a lost key ends by itself.
    uint256 public constant MAX_TERM = 366 days;
    /// @notice keccak256 of the EIP-712 type of {Action}.
    bytes32 public constant ACTION_TYPEHASH = keccak256(
        "Action(address from,address target,uint256 gas,uint256 nonce,uint256 deadline,bytes data)"
    );
    /// @dev Gas between the check of what is left and the call: the call itself, a cold account, what follows.
    uint256 private constant CALL_RESERVE = 10_000;
    /// @dev Gas an action of a batch may use beside its call: signature (also of a contract account), nonce, copies.
    uint256 private constant ITEM_RESERVE = 150_000;
    /// @dev Bytes of an error that a batch reports.
    uint256 private constant REASON_LIMIT = 256;

    /// @notice The market.
    address public immutable market;
    /// @notice The registry of provers and bonds.
    address public immutable registry;
    /// @notice Where seats qualify.
    address public immutable qualification;
    /// @notice Judges proofs of programs without a verifier contract.
    address public immutable committee;

    /// @inheritdoc IRelay
    mapping(address operator => mapping(address key => uint256 until)) public submitterUntil;

    /// @dev 256 nonces a word: word nonce >> 8, bit nonce & 255.
    mapping(address account => mapping(uint256 word => uint256 bits)) private _usedNonces;

    /// @param market_ The market; like the registry its address is known before it is deployed.
    /// @param registry_ The registry.
    /// @param qualification_ Where seats qualify.
    /// @param committee_ Judges proofs; no submitter key acts there.
    constructor(
        address market_,
        address registry_,
        address qualification_,
        address committee_
    ) EIP712("Gevulot Relay", "1") ERC2771Context(address(this)) {
        market = market_;
        registry = registry_;
        qualification = qualification_;
        committee = committee_;
    }

    // ─── Submitter keys ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IRelay
    function nameSubmitter(address key, uint256 until) external {
        uint256 most = block.timestamp + MAX_TERM;
        if (until <= block.timestamp || until > most) revert InvalidTerm(until, block.timestamp + 1, most);
        _setSubmitter(key, until);
    }

    /// @inheritdoc IRelay
    function revokeSubmitter(address key) external {
        _setSubmitter(key, 0);
    }

    /// @inheritdoc IRelay
    /// @custom:bound the acts of {isAct}: no money, no seat; until the time its operator named, at most {MAX_TERM} ahead
    function act(address operator, address target, bytes calldata data) external returns (bytes memory result) {
        _checkSubmitter(operator);
        _checkAct(target, data);
        return Address.functionCall(target, abi.encodePacked(data, operator));
    }

    /// @inheritdoc IRelay
    /// @custom:bound as {act}, on the market
    function actMany(address operator, bytes[] calldata calls) external returns (bool[] memory done) {
        _checkSubmitter(operator);
        for (uint256 i; i < calls.length; ++i) _checkAct(market, calls[i]);
        bytes memory batch = abi.encodeCall(IMarketCore.tryMany, (calls));
        return abi.decode(Address.functionCall(market, abi.encodePacked(batch, operator)), (bool[]));
    }

    // ─── Signed actions ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IRelay
    function cancelNonce(uint256 nonce) external {
        _spend(_msgSender(), nonce, true);
    }

    /// @inheritdoc IRelay
    function execute(Action calldata action, bytes calldata signature) public returns (bytes memory result) {
        address target = action.target;
        if (!_isTarget(target)) revert UnknownTarget(target);
        if (action.data.length < 4) revert NotAnAct(target, 0);
        if (block.timestamp > action.deadline) revert ActionExpired(block.timestamp, action.deadline);
        if (!_isSigned(action.from, digestOf(action), signature)) revert InvalidSignature(action.from);
        // Before the call, so that nothing the call reaches can use the action again.
        _spend(action.from, action.nonce, false);
        bytes memory data = abi.encodePacked(action.data, action.from);
        uint256 needed = _withReserve(action.gas, CALL_RESERVE);
        if (gasleft() < needed) revert ActionNeedsGas(gasleft(), needed);
        bool ok;
        (ok, result) = target.call{gas: action.gas}(data);
        return Address.verifyCallResult(ok, result);
    }

    /// @inheritdoc IRelay
    function executeMany(Action[] calldata actions, bytes[] calldata signatures) external returns (bool[] memory done) {
        if (actions.length != signatures.length) revert LengthMismatch(actions.length, signatures.length);
        done = new bool[](actions.length);
        for (uint256 i; i < actions.length; ++i) {
            Action calldata action = actions[i];
            // A capped call each: neither a contract account nor a call that burns its gas takes that of the others.
            uint256 gas = action.gas > block.gaslimit ? block.gaslimit : action.gas;
            gas = _withReserve(gas, ITEM_RESERVE);
            if (gasleft() < gas) {
                emit ActionFailed(
                    action.from,
                    action.nonce,
                    abi.encodeWithSelector(ActionNeedsGas.selector, gasleft(), gas)
                );
                continue;
            }
            bytes memory call = abi.encodeCall(IRelay.execute, (action, signatures[i]));
            bytes memory reason;
            (done[i], reason) = ForeignCall.tryCall(address(this), gas, call, REASON_LIMIT);
            if (!done[i]) emit ActionFailed(action.from, action.nonce, reason);
        }
    }

    // ─── Views ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IRelay
    /// @dev Nothing here spends or moves a balance, a bond or a seat. Bounties these acts earn are the operator's.
    function isAct(address target, bytes4 selector) public view returns (bool) {
        if (target == qualification)
            return
                selector == IQualification.answer.selector ||
                selector == IQualification.excuse.selector ||
                selector == IQualification.open.selector ||
                selector == IQualification.start.selector ||
                selector == IQualification.evict.selector;
        return
            target == market &&
            (selector == IMarketCore.accept.selector ||
                selector == IMarketCore.commit.selector ||
                selector == IMarketCore.commitOpen.selector ||
                selector == IMarketCore.reveal.selector ||
                selector == IMarketCore.revealToCommittee.selector ||
                selector == IMarketCore.submitProof.selector ||
                selector == IMarketCore.assign.selector ||
                selector == IMarketCore.assignMany.selector ||
                selector == IMarketExtension.decline.selector ||
                selector == IMarketExtension.fail.selector ||
                selector == IMarketCore.settle.selector ||
                selector == IMarketExtension.clear.selector ||
                selector == IMarketCore.slash.selector);
    }

    /// @inheritdoc IRelay
    function isNonceUsed(address account, uint256 nonce) external view returns (bool) {
        return (_usedNonces[account][nonce >> 8] >> (nonce & 255)) & 1 == 1;
    }

    /// @inheritdoc IRelay
    function digestOf(Action calldata action) public view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        ACTION_TYPEHASH,
                        action.from,
                        action.target,
                        action.gas,
                        action.nonce,
                        action.deadline,
                        keccak256(action.data)
                    )
                )
            );
    }

    // ─── Internal ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _isTarget(address target) private view returns (bool) {
        return
            target == market ||
            target == registry ||
            target == qualification ||
            target == committee ||
            target == address(this);
    }

    function _setSubmitter(address key, uint256 until) private {
        submitterUntil[_msgSender()][key] = until;
        emit SubmitterNamed(_msgSender(), key, until);
    }

    function _checkSubmitter(address operator) private view {
        address key = _msgSender();
        if (submitterUntil[operator][key] < block.timestamp) revert NotSubmitter(operator, key);
    }

    /// @dev Calldata shorter than a selector would leave part of it to the address that is appended.
    function _checkAct(address target, bytes calldata data) private view {
        bytes4 selector = data.length < 4 ? bytes4(0) : bytes4(data);
        if (!isAct(target, selector)) revert NotAnAct(target, selector);
    }

    function _spend(address account, uint256 nonce, bool cancelled) private {
        uint256 bits = _usedNonces[account][nonce >> 8];
        uint256 bit = 1 << (nonce & 255);
        if (bits & bit != 0) revert NonceUsed(account, nonce);
        _usedNonces[account][nonce >> 8] = bits | bit;
        emit NonceSpent(account, nonce, cancelled);
    }

    /// @dev The key of an account always counts, also when the account has delegated to code (EIP-7702).
    function _isSigned(address account, bytes32 digest, bytes calldata signature) private view returns (bool) {
        (address signer, ECDSA.RecoverError failure, ) = ECDSA.tryRecoverCalldata(digest, signature);
        if (failure == ECDSA.RecoverError.NoError && signer == account) return true;
        return
            account.code.length != 0 && SignatureChecker.isValidERC1271SignatureNowCalldata(account, digest, signature);
    }

    /// @dev Gas that must be left so that a call can be given `gas` (EIP-150).
    function _withReserve(uint256 gas, uint256 reserve) private pure returns (uint256) {
        return (gas * 64) / 63 + reserve;
    }
}
