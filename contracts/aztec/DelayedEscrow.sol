// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Recipient} from "../libraries/Recipient.sol";

/// @title Balances that leave in two steps
/// @notice MONEY. The contract's tokens = Σ balances + what is locked + what burned and was not sent away yet.
/// TIME. A withdrawal is asked for, and made a delay later; until then the balance backs what its account signed, so that whoever holds such
/// a signature knows for how long it is good.
/// ROLES. None: nobody can stop a withdrawal.
/// EXTERNAL CALLS. The token, fixed at deployment; state is written before.
abstract contract DelayedEscrow {
    using SafeERC20 for IERC20;

    /// @dev What an account has and what it asked to withdraw of it. No sum overflows with a token of fewer than 2^128 units.
    struct Account {
        uint128 balance;
        uint128 requested;
        uint64 readyAt;
    }

    /// @notice Where burned tokens go: nobody has the key of this address.
    address public constant BURN_ADDRESS = 0x000000000000000000000000000000000000dEaD;
    /// @notice Longest delay of a withdrawal.
    uint256 public constant MAX_DELAY = 30 days;

    /// @notice The token of bonds, tips and bounties.
    IERC20 public immutable asset;
    /// @notice Seconds between asking for a withdrawal and making it.
    uint256 public immutable withdrawalDelay;

    /// @notice What each account has.
    mapping(address owner => Account account) public accounts;
    /// @notice Tokens that are locked in bonds.
    uint256 public locked;
    /// @notice Tokens that burned and were not sent to {BURN_ADDRESS} yet.
    uint256 public burning;

    /// @notice The delay is out of its bounds.
    error DelayOutOfBounds(uint256 have, uint256 most);
    /// @notice The token took a part on the way: such tokens cannot be held.
    error TokenTakesFees(uint256 have, uint256 want);
    /// @notice The account has less than this.
    error BalanceTooLow(uint256 have, uint256 want);
    /// @notice The withdrawal can be made later, or was not asked for (zero).
    error NotReady(uint256 have, uint256 readyAt);
    /// @notice There is nothing to move.
    error NothingToMove();

    /// @notice Tokens were paid in.
    /// @param owner Whose they are.
    /// @param amount Token units.
    event Deposited(address indexed owner, uint256 amount);
    /// @notice A withdrawal was asked for; it takes the place of the one before.
    /// @param owner Who asked.
    /// @param amount Token units; zero takes the request back.
    /// @param readyAt When it can be made, Unix seconds.
    event WithdrawalRequested(address indexed owner, uint256 amount, uint256 readyAt);
    /// @notice Tokens left.
    /// @param owner Whose they were.
    /// @param to Who got them.
    /// @param amount Token units.
    event Withdrawn(address indexed owner, address indexed to, uint256 amount);
    /// @notice Burned tokens were sent away.
    /// @param amount Token units.
    event Burned(uint256 amount);

    /// @param asset_ The token; one that takes fees on the way is refused at the first deposit.
    /// @param withdrawalDelay_ Seconds, at most {MAX_DELAY}.
    constructor(IERC20 asset_, uint256 withdrawalDelay_) {
        if (withdrawalDelay_ > MAX_DELAY) revert DelayOutOfBounds(withdrawalDelay_, MAX_DELAY);
        asset = asset_;
        withdrawalDelay = withdrawalDelay_;
    }

    /// @notice Pays in for an account; needs an allowance.
    /// @param owner Whose balance.
    /// @param amount Token units.
    function deposit(address owner, uint128 amount) external {
        accounts[owner].balance += amount;
        emit Deposited(owner, amount);
        uint256 before = asset.balanceOf(address(this));
        asset.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = asset.balanceOf(address(this)) - before;
        if (received != amount) revert TokenTakesFees(received, amount);
    }

    /// @notice Asks for a withdrawal of the caller's balance, which can be made after the delay. It takes the place of an earlier one,
    /// whose time is lost.
    /// @param amount Token units, at most the balance; zero takes the request back.
    function requestWithdrawal(uint128 amount) external {
        Account storage account = accounts[msg.sender];
        if (amount > account.balance) revert BalanceTooLow(account.balance, amount);
        account.requested = amount;
        account.readyAt = amount == 0 ? 0 : uint64(block.timestamp + withdrawalDelay);
        emit WithdrawalRequested(msg.sender, amount, account.readyAt);
    }

    /// @notice Makes the withdrawal that the caller asked for. What was locked since is not there any more: the rest is paid.
    /// @param to Who gets the tokens.
    /// @return amount What was paid, token units.
    function withdraw(address to) external returns (uint256 amount) {
        Recipient.check(to, address(this));
        Account storage account = accounts[msg.sender];
        if (account.readyAt == 0 || block.timestamp < account.readyAt)
            revert NotReady(block.timestamp, account.readyAt);
        amount = account.requested < account.balance ? account.requested : account.balance;
        if (amount == 0) revert NothingToMove();
        account.balance -= uint128(amount);
        account.requested = 0;
        account.readyAt = 0;
        emit Withdrawn(msg.sender, to, amount);
        asset.safeTransfer(to, amount);
    }

    /// @notice Sends burned tokens away. Anyone may call. Bonds never wait for it, so a token that refuses {BURN_ADDRESS} holds up nothing.
    /// @return amount Token units.
    function burn() external returns (uint256 amount) {
        amount = burning;
        if (amount == 0) revert NothingToMove();
        burning = 0;
        emit Burned(amount);
        asset.safeTransfer(BURN_ADDRESS, amount);
    }

    /// @notice What an account surely has until a time if it signs nothing more: its balance less what it can withdraw by then.
    /// @param owner Whose balance.
    /// @param time Unix seconds; at or beyond the delay from now nothing is sure.
    /// @return amount Token units.
    function balanceUntil(address owner, uint256 time) external view returns (uint256 amount) {
        if (time >= block.timestamp + withdrawalDelay) return 0;
        Account storage account = accounts[owner];
        uint256 leaving = account.readyAt != 0 && account.readyAt <= time ? account.requested : 0;
        return leaving < account.balance ? account.balance - leaving : 0;
    }

    function _lock(address owner, uint256 amount) internal {
        Account storage account = accounts[owner];
        if (amount > account.balance) revert BalanceTooLow(account.balance, amount);
        account.balance -= uint128(amount);
        locked += amount;
    }

    function _release(address owner, uint256 amount) internal {
        accounts[owner].balance += uint128(amount);
        locked -= amount;
    }

    function _burn(uint256 amount) internal {
        locked -= amount;
        burning += amount;
    }
}
