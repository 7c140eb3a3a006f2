// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee, ICommitteeErrors, ICommitteeTypes} from "../../contracts/interfaces/ICommittee.sol";
import {IRelayErrors, IRelayTypes} from "../../contracts/interfaces/IRelay.sol";
import {CommitteeFixture} from "../support/solidity/CommitteeFixture.sol";

/// @notice The committee reads its caller like market and registry do: an account without gas appeals, withdraws and reports by a signature.
contract CommitteeRelayTest is CommitteeFixture {
    uint256 private constant APPELLANT_KEY = 0xa99;
    address private appellant = vm.addr(APPELLANT_KEY);
    address private relayer = account("relayer");
    uint256 private _nonce;

    function setUp() public override {
        super.setUp();
        watch(appellant);
    }

    /// @dev Relays a call to the committee that the appellant signed.
    function _relayed(bytes memory data, bytes memory failure) private {
        IRelayTypes.Action memory action = IRelayTypes.Action({
            from: appellant,
            target: address(committee),
            gas: 1_000_000,
            nonce: _nonce++,
            deadline: block.timestamp + 1 hours,
            data: data
        });
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(APPELLANT_KEY, relay.digestOf(action));
        if (failure.length != 0) vm.expectRevert(failure);
        vm.prank(relayer);
        relay.execute(action, abi.encodePacked(r, s, v));
    }

    function _appealable() private returns (Workload memory w) {
        w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, 1);
        toVotesOver(w);
    }

    function test_appeal_TakesTheSignersBondAndReturnsItToTheSigner() public sound {
        Workload memory w = _appealable();
        uint256 bond = fundBond(appellant);
        _relayed(abi.encodeCall(ICommittee.appeal, (w.spec)), "");
        assertEq(committee.judgmentOf(w.id).appellant, appellant, "the signer appealed");
        assertEq(token.balanceOf(appellant), 0, "the signer's bond");
        publishRound(w, bytes32("the appeal's"));
        drawCommittee(w);
        vote(w, 0, APPEAL_SIZE, 3);
        toVotesOver(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(committee.owed(appellant), bond, "the verdict changed");
        _relayed(abi.encodeCall(ICommittee.withdraw, (carol)), "");
        assertEq(token.balanceOf(carol), bond, "to where the signer said");
        assertEq(committee.owed(appellant), 0, "once");
    }

    function test_slash_PaysTheSigner() public sound {
        Workload memory w = _appealable();
        ICommitteeTypes.Ballot memory first = ballot(w, 0, 1);
        ICommitteeTypes.Ballot memory second = ballot(w, 0, 2);
        _relayed(abi.encodeCall(ICommittee.slash, (w.id, 1, first, second)), "");
        (uint256 bounty, ) = registry.reports(appellant);
        assertEq(bounty, SLASH_BOUNTY, "the signer's");
    }

    /// @dev Attack: the twenty bytes that name the caller, sent by somebody who is not the relay.
    function test_spoofing_AppendedBytesMeanNothingFromOthers() public sound {
        Workload memory w = _appealable();
        fundBond(appellant);
        vm.prank(relayer);
        (bool ok, ) = address(committee).call(abi.encodePacked(abi.encodeCall(ICommittee.appeal, (w.spec)), appellant));
        assertFalse(ok, "it is the relayer that appeals, and it has no bond");
        assertStage(w, ICommitteeTypes.Stage.Appealable);
    }

    /// @dev Attack: a signature for the market's own act. The market is named by who calls, never by the relay.
    function test_conclude_RevertWhen_Relayed() public sound {
        Workload memory w = _appealable();
        toFinal(w);
        _relayed(
            abi.encodeCall(ICommittee.conclude, (w.id)),
            abi.encodeWithSelector(ICommitteeErrors.OnlyMarket.selector, address(relay), address(market))
        );
    }

    /// @dev Attack: a stolen submitter key takes what appeals left to its operator, or appeals with its tokens.
    function test_act_RevertWhen_ASubmitterKeyReachesForMoney() public sound {
        Workload memory w = _appealable();
        vm.prank(appellant);
        relay.nameSubmitter(relayer, block.timestamp + 1 days);
        bytes[2] memory calls = [
            abi.encodeCall(ICommittee.withdraw, (relayer)),
            abi.encodeCall(ICommittee.appeal, (w.spec))
        ];
        for (uint256 i; i < calls.length; ++i) {
            bytes memory failure = abi.encodeWithSelector(
                IRelayErrors.NotAnAct.selector,
                address(committee),
                bytes4(calls[i])
            );
            vm.expectRevert(failure);
            vm.prank(relayer);
            relay.act(appellant, address(committee), calls[i]);
        }
    }
}
