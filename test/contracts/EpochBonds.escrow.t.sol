// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {DelayedEscrow} from "../../contracts/aztec/DelayedEscrow.sol";
import {EpochBonds} from "../../contracts/aztec/EpochBonds.sol";
import {IEpochBonds} from "../../contracts/aztec/IEpochBonds.sol";
import {IRollupView} from "../../contracts/aztec/IRollupView.sol";
import {Recipient} from "../../contracts/libraries/Recipient.sol";
import {BondsFixture} from "../support/solidity/BondsFixture.sol";

/// @title A token that keeps a hundredth of what is sent
contract TakingToken is ERC20("Taking", "TAKE") {
    constructor() {
        _mint(msg.sender, 100 ether);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (from != address(0) && to != address(0)) {
            super._update(from, address(1), amount / 100);
            amount -= amount / 100;
        }
        super._update(from, to, amount);
    }
}

/// @title A token that calls its recipient back
contract CallingToken is ERC20("Calling", "CALL") {
    constructor() {
        _mint(msg.sender, 100 ether);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (to.code.length != 0) {
            (bool done, ) = to.call(abi.encodeWithSignature("tokensReceived()"));
            done; // A recipient that fails is its own affair.
        }
    }
}

/// @title Tries to withdraw twice
contract Thief {
    EpochBonds private immutable _bonds;

    constructor(EpochBonds bonds) {
        _bonds = bonds;
    }

    function request(uint128 amount) external {
        _bonds.requestWithdrawal(amount);
    }

    function take() external {
        _bonds.withdraw(address(this));
    }

    function tokensReceived() external {
        _bonds.withdraw(address(this));
    }
}

contract EpochBondsEscrowTest is BondsFixture {
    function test_deposit_CountsForWhomeverItNames() public {
        fund(stranger, 5 ether);
        assertEq(balanceOf(stranger), 5 ether, "balance");
        assertBooks();
    }

    function test_deposit_RevertWhen_TheTokenTakesAPart() public {
        TakingToken taking = new TakingToken();
        EpochBonds other = new EpochBonds(bonds.rollup(), taking, DELAY, LEAST);
        taking.approve(address(other), 10 ether);
        vm.expectRevert(abi.encodeWithSelector(DelayedEscrow.TokenTakesFees.selector, 9.9 ether, 10 ether));
        other.deposit(proposer, 10 ether);
    }

    function test_withdraw_AfterTheDelay() public {
        vm.prank(proposer);
        bonds.requestWithdrawal(40 ether);
        uint256 readyAt = block.timestamp + DELAY;
        warp(readyAt - 1);
        _refuses(readyAt);
        warp(readyAt);
        vm.prank(proposer);
        assertEq(bonds.withdraw(stranger), 40 ether, "amount");
        assertEq(token.balanceOf(stranger), 40 ether, "to whom it said");
        assertEq(balanceOf(proposer), FUNDS - 40 ether, "the rest stays");
        assertBooks();
        _refuses(0);
    }

    /// @dev What the bonds send to themselves would be in nobody's balance.
    function test_withdraw_RevertWhen_ToTheBondsThemselves() public {
        vm.prank(proposer);
        bonds.requestWithdrawal(1);
        warp(block.timestamp + DELAY);
        vm.expectRevert(abi.encodeWithSelector(Recipient.InvalidRecipient.selector, address(bonds)));
        vm.prank(proposer);
        bonds.withdraw(address(bonds));
        assertBooks();
    }

    function test_withdraw_RevertWhen_NothingWasAskedFor() public {
        _refuses(0);
        vm.prank(proposer);
        bonds.requestWithdrawal(1);
        vm.prank(proposer);
        bonds.requestWithdrawal(0);
        warp(block.timestamp + DELAY);
        _refuses(0);
    }

    function test_requestWithdrawal_AnotherOneStartsAgain() public {
        vm.prank(proposer);
        bonds.requestWithdrawal(1);
        warp(block.timestamp + DELAY);
        vm.prank(proposer);
        bonds.requestWithdrawal(uint128(FUNDS));
        _refuses(block.timestamp + DELAY);
    }

    function test_requestWithdrawal_RevertWhen_MoreThanTheBalance() public {
        vm.expectRevert(abi.encodeWithSelector(DelayedEscrow.BalanceTooLow.selector, FUNDS, FUNDS + 1));
        vm.prank(proposer);
        bonds.requestWithdrawal(uint128(FUNDS) + 1);
    }

    /// @dev The point of the delay: a prover that holds a signed bond can open it although its proposer asked for everything back.
    function test_open_ASignedBondIsGoodWhileAWithdrawalWaits() public {
        IEpochBonds.Bond memory bond = aBond();
        bytes memory promised = sign(bond, PROPOSER_KEY);
        vm.prank(proposer);
        bonds.requestWithdrawal(uint128(FUNDS));
        vm.prank(prover);
        bonds.open(bond, promised);
        warp(block.timestamp + DELAY);
        vm.prank(proposer);
        assertEq(bonds.withdraw(proposer), FUNDS - 24 ether, "only what is not locked");
        assertEq(bonds.locked(), 24 ether, "locked");
        assertBooks();
    }

    function test_withdraw_RevertWhen_EverythingWasLockedMeanwhile() public {
        vm.prank(proposer);
        bonds.requestWithdrawal(1 ether);
        IEpochBonds.Bond memory bond = aBond();
        bond.deposit = uint128(FUNDS) - bond.tip - bond.bounty;
        open(bond);
        warp(block.timestamp + DELAY);
        vm.expectRevert(DelayedEscrow.NothingToMove.selector);
        vm.prank(proposer);
        bonds.withdraw(proposer);
    }

    function test_balanceUntil_IsWhatSurelyStays() public {
        uint256 start = block.timestamp;
        assertEq(bonds.balanceUntil(proposer, start + DELAY - 1), FUNDS, "nothing was asked for");
        assertEq(bonds.balanceUntil(proposer, start + DELAY), 0, "it could be by then");
        vm.prank(proposer);
        bonds.requestWithdrawal(40 ether);
        warp(start + 10);
        assertEq(bonds.balanceUntil(proposer, start + DELAY - 1), FUNDS, "before it is ready");
        assertEq(bonds.balanceUntil(proposer, start + DELAY), FUNDS - 40 ether, "once it is");
        IEpochBonds.Bond memory bond = aBond();
        bond.deposit = 70 ether;
        open(bond);
        assertEq(bonds.balanceUntil(proposer, start + DELAY), 0, "less is there than was asked for");
    }

    function test_withdraw_ATokenThatCallsBackPaysOnce() public {
        CallingToken calling = new CallingToken();
        EpochBonds other = new EpochBonds(bonds.rollup(), calling, DELAY, LEAST);
        Thief thief = new Thief(other);
        calling.approve(address(other), 30 ether);
        other.deposit(address(thief), 10 ether);
        other.deposit(proposer, 20 ether);
        thief.request(10 ether);
        warp(block.timestamp + DELAY);
        thief.take();
        assertEq(calling.balanceOf(address(thief)), 10 ether, "once");
        assertEq(calling.balanceOf(address(other)), 20 ether, "others' money");
    }

    function test_burn_RevertWhen_NothingBurned() public {
        vm.expectRevert(DelayedEscrow.NothingToMove.selector);
        bonds.burn();
    }

    function test_constructor_RevertWhen_TheDelayIsTooLong() public {
        uint256 most = bonds.MAX_DELAY();
        IRollupView view_ = bonds.rollup();
        vm.expectRevert(abi.encodeWithSelector(DelayedEscrow.DelayOutOfBounds.selector, most + 1, most));
        new EpochBonds(view_, token, most + 1, LEAST);
    }

    function _refuses(uint256 readyAt) private {
        vm.expectRevert(abi.encodeWithSelector(DelayedEscrow.NotReady.selector, block.timestamp, readyAt));
        vm.prank(proposer);
        bonds.withdraw(proposer);
    }
}
