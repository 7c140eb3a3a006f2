// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {DirectOwner} from "./access/DirectOwner.sol";
import {ICommittee} from "./interfaces/ICommittee.sol";
import {IMarketCore} from "./interfaces/IMarket.sol";
import {ISeatHolder} from "./interfaces/ISeatHolder.sol";
import {ForeignCall} from "./libraries/ForeignCall.sol";
import {Recipient} from "./libraries/Recipient.sol";
import {SlotWord} from "./libraries/SlotWord.sol";
import {MarketExtension} from "./MarketExtension.sol";
import {Accounts} from "./market/Accounts.sol";
import {CommitteeMode} from "./market/CommitteeMode.sol";
import {Proving} from "./market/Proving.sol";
import {RuleStore} from "./market/RuleStore.sol";
import {Settlement} from "./market/Settlement.sol";
import {Slashing} from "./market/Slashing.sol";
import {Submission} from "./market/Submission.sol";

/// @title The market: programs, workloads, fees
/// @notice MONEY. Holds fees and earnings as internal balances; balance = Σ balances + Σ fees of live workloads + fees to burn.
/// TIME. Phases between two acts are derived from the block time; every comparison says whether its boundary second is inside.
/// SLOTS. A slot's state lives in a word of the seat that holds it; a workload's state in one word under the hash of its spec.
/// RANDOMNESS. A future beacon round is fixed at submission together with the active set of that epoch.
/// VERIFICATION. The program's pinned verifier contract by gas-capped staticcall, public inputs from the workload; or, where a
/// program has none, the verdict of a {Committee}, which settling asks for.
/// CALLER. The account that calls, or the one the {Relay} calls for; the owner acts directly only.
/// ROLES. The owner adds rules, chooses class terms for new submissions, and lists who may submit and deploy until it opens the lists for ever; it
/// can touch neither a live workload nor anyone's funds. The guardian can pause submissions for a while.
/// LIVENESS. Anyone can assign, settle, clear and slash; every workload can be ended by anyone.
/// EXTENSION. Functions this contract lacks run in {MarketExtension} by delegatecall; the pair is fixed at deployment for ever.
/// @dev Storage layers: Accounts, RuleStore, ProgramStore, SlotStore, WorkloadStore. Stages: Submission, Proving, CommitteeMode, Settlement, Slashing
/// here; ProgramBook, RuleBook, Gate, Withdrawing, Clearing, Views in the extension. See docs/architecture.md.
contract Market is Submission, Proving, Settlement, Slashing, ISeatHolder {
    using SafeERC20 for ERC20Burnable;

    /// @dev Bytes of an error that a batch reports.
    uint256 private constant REASON_LIMIT = 256;
    /// @dev An item that fails without a word and leaves less than this part of its gas ran out of it, at whatever depth (EIP-150).
    uint256 private constant STARVED = 8;

    /// @notice The code of the cold path.
    MarketExtension public immutable extension;

    /// @param extension_ Cold path; its token, registry and relay become this contract's.
    /// @param owner_ Adds rules and sets class terms.
    constructor(
        MarketExtension extension_,
        address owner_
    )
        Accounts(extension_.token())
        DirectOwner(extension_.trustedForwarder())
        RuleStore(extension_.registry())
        Ownable(owner_)
        CommitteeMode(ICommittee(extension_.registry().committee()))
    {
        address named = registry.market();
        if (named != address(this)) revert NotOurRegistry(named, address(this));
        extension = extension_;
    }

    /// @dev Everything else is in the extension. Ends this call with whatever the extension returns or reverts with. Not payable: the
    /// market never holds ether. The whole calldata goes on, with the account the relay appended to it, and so does the caller.
    // solhint-disable-next-line no-complex-fallback, payable-fallback
    fallback() external {
        address target = address(extension);
        assembly {
            calldatacopy(0, 0, calldatasize())
            let ok := delegatecall(gas(), target, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(ok) {
                revert(0, returndatasize())
            }
            return(0, returndatasize())
        }
    }

    /// @inheritdoc IMarketCore
    function deposit(address account, uint256 amount) external {
        _deposit(account, amount);
    }

    /// @inheritdoc IMarketCore
    function depositWithPermit(
        address account,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        // Anyone can send a permit it has seen. Then this one fails and the allowance is there: the transfer decides.
        // solhint-disable-next-line no-empty-blocks
        try IERC20Permit(address(token)).permit(_msgSender(), address(this), amount, deadline, v, r, s) {} catch {}
        _deposit(account, amount);
    }

    /// @inheritdoc IMarketCore
    function withdraw(address to, uint256 amount) external {
        address account = _msgSender();
        Recipient.check(to, address(this));
        _debit(account, amount);
        emit Withdrawn(account, to, amount);
        token.safeTransfer(to, amount);
    }

    /// @inheritdoc IMarketCore
    function tryMany(bytes[] calldata calls) external returns (bool[] memory done) {
        done = new bool[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            bytes memory item = bytes.concat(calls[i], _callerSuffix());
            uint256 before = gasleft();
            bool ok;
            assembly ("memory-safe") {
                ok := delegatecall(gas(), address(), add(item, 32), mload(item), 0, 0)
            }
            if (ok) {
                done[i] = true;
                continue;
            }
            bytes memory reason = ForeignCall.beginning(REASON_LIMIT);
            // Not the item's fault. Reverting makes an estimate of the batch's gas right, and a starved batch one that can be sent again.
            bool starved = reason.length == 0 && gasleft() < before / STARVED;
            if (starved || bytes4(reason) == NotEnoughGas.selector) revert BatchNeedsGas(i);
            emit ItemFailed(i, reason);
        }
    }

    function _deposit(address account, uint256 amount) private {
        _credit(account, amount);
        address from = _msgSender();
        emit Deposited(account, from, amount);
        token.safeTransferFrom(from, address(this), amount);
    }

    /// @inheritdoc IMarketCore
    function wordsOf(uint256 seat) external view returns (uint256[4] memory words) {
        uint256 key = _mainKey(seat);
        for (uint256 i; i < words.length; ++i) words[i] = SlotWord.unwrap(_slots[key + i]);
    }

    /// @inheritdoc ISeatHolder
    function isHeld(uint256 seat) external view returns (bool) {
        return _slots[_mainKey(seat)].busy();
    }
}
